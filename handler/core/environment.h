#pragma once

#include "core/secret.h"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace azf {

/// The process's variables, taken once in `main`; nothing else in the program calls `getenv`. Not printable, as it
/// holds secrets. A variable that is set to the empty string counts as not set, as all Azure SDKs do. Value;
/// concurrent reading is safe.
class Environment {
 public:
  Environment() = default;
  /// Of `NAME=value` strings, ended by a null pointer, as the C library's `environ`. Entries without `=` are skipped.
  explicit Environment(const char* const* entries);
  explicit Environment(std::map<std::string, std::string, std::less<>> variables);

  /// The value, or nothing when unset or empty. Valid until the variable is set anew or this object dies.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  /// The same for a variable whose value must not be printed.
  [[nodiscard]] std::optional<Secret> get_secret(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return get(name).has_value(); }

  /// All variables, empty ones too, in the order of their names: what a child process is given.
  [[nodiscard]] const std::map<std::string, std::string, std::less<>>& entries() const { return variables_; }

  /// For tests and for command-line options that stand for a variable; not while others read.
  void set(std::string name, std::string value);

 private:
  std::map<std::string, std::string, std::less<>> variables_;
};

}  // namespace azf
