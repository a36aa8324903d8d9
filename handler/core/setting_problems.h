#pragma once

#include "core/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace azf {

/// A whole decimal number from `least` to `most`, as settings have it.
std::optional<unsigned> parse_setting_number(std::string_view text, unsigned least, unsigned most);

/// Collects what is wrong with settings, so that all of it is reported together, a line each. A value is shown only if
/// it is short, as something secret may stand in a setting by mistake.
class SettingProblems {
 public:
  void add(std::string_view problem);
  /// `<name> must be <expected>, got <value>`
  void refuse(std::string_view name, std::string_view expected, std::string_view value);

  /// `kInvalidArgument` with all lines, if there are any.
  [[nodiscard]] Result<Success> outcome() const;

 private:
  std::string text_;
};

}  // namespace azf
