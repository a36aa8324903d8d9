#pragma once

#include "core/environment.h"
#include "core/result.h"

#include <optional>
#include <string>
#include <string_view>

namespace azf {

/// A whole decimal number from `least` to `most`, as settings have it.
std::optional<unsigned> parse_setting_number(std::string_view text, unsigned least, unsigned most);

/// What a setting that is a number has to be. Value.
struct NumberRange {
  unsigned least;
  unsigned most;
  std::string_view what = "a whole number";
};

/// Collects what is wrong with settings, so that all of it is reported together, a line each. A value is shown only if
/// it is short, as something secret may stand in a setting by mistake.
class SettingProblems {
 public:
  void add(std::string_view problem);
  /// `<name> must be <expected>, got <value>`
  void refuse(std::string_view name, std::string_view expected, std::string_view value);
  /// The number in a variable. Nothing where it is not set, nor where it is no such number, which is then refused.
  std::optional<unsigned> number_in(const Environment& environment, std::string_view name, const NumberRange& range);

  /// `kInvalidArgument` with all lines, if there are any.
  [[nodiscard]] Result<Success> outcome() const;

 private:
  std::string text_;
};

}  // namespace azf
