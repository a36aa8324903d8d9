#pragma once

#include "core/json.h"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace azf::test {

/// Reads the members of one JSON object and notes what is wrong with them, so that no field of a scenario is ever
/// skipped in silence: `finish` notes each member that nobody asked for. Refers to the object and the notes. Used by
/// one thread.
class FieldReader {
 public:
  /// `path` is where the object stands, for the notes: `given.options`. A null object has no members.
  FieldReader(const Json* object, std::string path, std::vector<std::string>& problems);

  /// The member as it is; null if there is none.
  const Json* any(const std::string& name);
  std::string text(const std::string& name, std::string fallback = "");
  std::optional<std::string> optional_text(const std::string& name);
  std::vector<std::string> texts(const std::string& name);
  bool flag(const std::string& name);
  std::optional<std::int64_t> number(const std::string& name);
  /// An object, for a reader of its own; null if there is none.
  const Json* object(const std::string& name);
  /// An array; empty if there is none.
  std::vector<Json> list(const std::string& name);

  /// Notes the members that were not asked for.
  void finish();
  void complain(const std::string& name, std::string_view what);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::vector<std::string>& problems() const { return problems_; }

 private:
  const Json* object_;
  const std::string path_;
  std::vector<std::string>& problems_;
  std::set<std::string> known_;
};

/// The members of an object, in order of their names; none for anything else.
std::vector<std::pair<std::string, Json>> members_of(const Json* object);

}  // namespace azf::test
