#include "core/setting_problems.h"

#include "core/number_text.h"
namespace azf {
namespace {

std::string shown(std::string_view value) {
  constexpr std::size_t kLongest = 24;
  if (value.size() > kLongest) return std::to_string(value.size()) + " characters";
  std::string text = "\"";
  for (const char c : value) text += c >= 0x20 && c < 0x7f ? c : '?';
  return text + "\"";
}

}  // namespace

std::optional<unsigned> parse_setting_number(std::string_view text, unsigned least, unsigned most) {
  const auto number = parse_number<unsigned>(text);
  return number && *number >= least && *number <= most ? number : std::nullopt;
}

void SettingProblems::add(std::string_view problem) {
  if (!text_.empty()) text_ += '\n';
  text_ += problem;
}

void SettingProblems::refuse(std::string_view name, std::string_view expected, std::string_view value) {
  std::string problem(name);
  add(problem.append(" must be ").append(expected).append(", got ").append(shown(value)));
}

std::optional<unsigned> SettingProblems::number_in(const Environment& environment, std::string_view name,
                                                   const NumberRange& range) {
  const auto text = environment.get(name);
  if (!text) return std::nullopt;
  const auto number = parse_setting_number(*text, range.least, range.most);
  if (!number) {
    std::string expected(range.what);
    expected.append(" between ").append(std::to_string(range.least));
    refuse(name, expected.append(" and ").append(std::to_string(range.most)), *text);
  }
  return number;
}

Result<Success> SettingProblems::outcome() const {
  if (text_.empty()) return Success{};
  return Error{ErrorKind::kInvalidArgument, text_};
}

}  // namespace azf
