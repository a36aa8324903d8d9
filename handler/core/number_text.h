#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string_view>
#include <system_error>

namespace azf {

/// The whole number that a text is in decimal digits, behind a minus sign where the type has one. Nothing for any other
/// text, such as one with blanks or a plus sign, nor for a number that the type does not hold.
template <std::integral Number>
std::optional<Number> parse_number(std::string_view text) {
  Number number{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  return status == std::errc() && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

}  // namespace azf
