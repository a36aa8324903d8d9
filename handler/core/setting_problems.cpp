#include "core/setting_problems.h"

#include <charconv>

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
  unsigned number = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (status != std::errc() || end != text.data() + text.size() || number < least || number > most) {
    return std::nullopt;
  }
  return number;
}

void SettingProblems::add(std::string_view problem) {
  if (!text_.empty()) text_ += '\n';
  text_ += problem;
}

void SettingProblems::refuse(std::string_view name, std::string_view expected, std::string_view value) {
  std::string problem(name);
  add(problem.append(" must be ").append(expected).append(", got ").append(shown(value)));
}

Result<Success> SettingProblems::outcome() const {
  if (text_.empty()) return Success{};
  return Error{ErrorKind::kInvalidArgument, text_};
}

}  // namespace azf
