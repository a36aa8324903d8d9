#include "runtime/route_constraint.h"

#include "core/guid.h"
#include "core/number_text.h"
#include "core/time_text.h"
#include "http/message.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <regex>
#include <string>

namespace azf {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

std::string_view trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

// As .NET's NumberStyles.Integer has it: blanks around, one sign in front.
template <typename Integer>
std::optional<Integer> parse_integer(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  return parse_number<Integer>(text);
}

bool is_bool(std::string_view text) {
  text = trimmed(text);
  return equal_ignoring_case(text, "true") || equal_ignoring_case(text, "false");
}

// 32 digits; or 8-4-4-4-12, alone, in braces or in parentheses.
bool is_any_guid(std::string_view text) {
  text = trimmed(text);
  if (text.size() == 32) return std::ranges::all_of(text, is_hex_digit);
  if (text.size() == 38 &&
      ((text.front() == '{' && text.back() == '}') || (text.front() == '(' && text.back() == ')'))) {
    text = text.substr(1, 36);
  }
  return is_guid(text);
}

// `digits` is what was read before the decimal point, without commas and leading zeros.
bool take_unsigned(std::string_view& text, std::string& digits) {
  bool any = false;
  while (!text.empty() && (is_digit(text.front()) || (any && text.front() == ','))) {
    any = true;
    if (is_digit(text.front()) && !(digits.empty() && text.front() == '0')) digits.push_back(text.front());
    text.remove_prefix(1);
  }
  if (!text.starts_with('.')) return any;
  text.remove_prefix(1);
  while (!text.empty() && is_digit(text.front())) {
    any = true;
    text.remove_prefix(1);
  }
  return any;
}

void take_sign(std::string_view& text) {
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
}

// NumberStyles.Float and AllowThousands.
bool is_floating(std::string_view text) {
  text = trimmed(text);
  take_sign(text);
  if (equal_ignoring_case(text, "infinity") || equal_ignoring_case(text, "nan")) return true;
  std::string digits;
  if (!take_unsigned(text, digits)) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  take_sign(text);
  return !text.empty() && std::ranges::all_of(text, is_digit);
}

// NumberStyles.Number, up to the largest System.Decimal.
bool is_decimal(std::string_view text) {
  constexpr std::string_view kLargest = "79228162514264337593543950335";
  text = trimmed(text);
  const bool sign_in_front = text.starts_with('+') || text.starts_with('-');
  take_sign(text);
  std::string digits;
  if (!take_unsigned(text, digits)) return false;
  if (!sign_in_front) take_sign(text);
  return text.empty() && (digits.size() < kLargest.size() || (digits.size() == kLargest.size() && digits <= kLargest));
}

bool is_date_time(std::string_view value) {
  std::string text(trimmed(value));
  if (text.find('/') != std::string::npos) {
    if (text.find(' ') == std::string::npos) text += " 00:00:00";
    return parse_us_date(text).has_value();
  }
  constexpr std::size_t kDate = 10;
  constexpr std::size_t kDateHourMinute = 16;
  if (text.size() == kDate) text += "T00:00:00";
  if (text.size() == kDateHourMinute) text += ":00";
  return parse_rfc3339(text).has_value();
}

// What System.String counts: a character outside the basic plane is two units.
std::uint64_t utf16_length(std::string_view text) {
  std::uint64_t units = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0U) != 0x80U) ++units;
    if (byte >= 0xf0U) ++units;
  }
  return units;
}

Error unusable(std::string_view name, std::string_view what) {
  return {ErrorKind::kInvalidArgument, "route constraint \"" + std::string(name) + "\" " + std::string(what)};
}

// One number, or two with a comma between them.
template <typename Integer>
std::optional<std::pair<Integer, std::optional<Integer>>> parse_numbers(std::string_view argument) {
  const auto comma = argument.find(',');
  const auto first = parse_integer<Integer>(argument.substr(0, comma));
  if (!first) return std::nullopt;
  if (comma == std::string_view::npos) return std::pair(*first, std::optional<Integer>());
  const auto second = parse_integer<Integer>(argument.substr(comma + 1));
  if (!second) return std::nullopt;
  return std::pair(*first, second);
}

Result<RouteConstraint> length_constraint(std::string_view name, std::string_view argument) {
  const auto numbers = parse_numbers<std::uint32_t>(argument);
  if (!numbers) return unusable(name, "needs a length, or a least and a greatest one");
  const auto [first, second] = *numbers;
  std::uint64_t least = first;
  std::uint64_t most = first;
  if (name == "minlength" || name == "maxlength") {
    if (second) return unusable(name, "takes one length");
    (name == "minlength" ? most : least) = name == "minlength" ? std::numeric_limits<std::uint64_t>::max() : 0;
  } else if (second) {
    most = *second;
  }
  if (least > most) return unusable(name, "has a least length above the greatest");
  return RouteConstraint([least, most](std::string_view value) {
    const auto length = utf16_length(value);
    return least <= length && length <= most;
  });
}

Result<RouteConstraint> range_constraint(std::string_view name, std::string_view argument) {
  const auto numbers = parse_numbers<std::int64_t>(argument);
  if (!numbers || numbers->second.has_value() != (name == "range")) {
    return unusable(name, name == "range" ? "needs two integers" : "needs one integer");
  }
  const auto [first, second] = *numbers;
  const auto least = name == "max" ? std::numeric_limits<std::int64_t>::min() : first;
  const auto most = name == "min" ? std::numeric_limits<std::int64_t>::max() : second.value_or(first);
  if (least > most) return unusable(name, "has a least value above the greatest");
  return RouteConstraint([least, most](std::string_view value) {
    const auto number = parse_integer<std::int64_t>(value);
    return number && least <= *number && *number <= most;
  });
}

Result<RouteConstraint> regex_constraint(std::string_view name, std::string_view argument) {
  if (argument.empty()) return unusable(name, "needs a pattern");
  // The one place where a thrown exception is turned into a value: std::regex reports a bad pattern no other way.
  try {
    std::regex pattern(argument.begin(), argument.end(), std::regex::ECMAScript | std::regex::icase);
    return RouteConstraint([pattern = std::move(pattern)](std::string_view value) {
      return value.size() <= kRegexValueLimit && std::regex_search(value.begin(), value.end(), pattern);
    });
  } catch (const std::regex_error& error) {
    return unusable(name, std::string("has a pattern that is not one: ") + error.what());
  }
}

struct PlainConstraint {
  std::string_view name;
  bool (*accepts)(std::string_view value);
};

constexpr PlainConstraint kPlainConstraints[] = {
    {"int", [](std::string_view value) { return parse_integer<std::int32_t>(value).has_value(); }},
    {"long", [](std::string_view value) { return parse_integer<std::int64_t>(value).has_value(); }},
    {"bool", is_bool},
    {"guid", is_any_guid},
    {"datetime", is_date_time},
    {"decimal", is_decimal},
    {"double", is_floating},
    {"float", is_floating},
    {"alpha", [](std::string_view value) { return std::ranges::all_of(value, is_letter); }},
    {"required", [](std::string_view value) { return !value.empty(); }},
};

struct ConstraintWithArgument {
  std::string_view name;
  Result<RouteConstraint> (*create)(std::string_view name, std::string_view argument);
};

constexpr ConstraintWithArgument kConstraintsWithArgument[] = {
    {"length", length_constraint}, {"minlength", length_constraint}, {"maxlength", length_constraint},
    {"min", range_constraint},     {"max", range_constraint},        {"range", range_constraint},
    {"regex", regex_constraint},
};

}  // namespace

Result<RouteConstraint> parse_route_constraint(std::string_view name, std::string_view argument) {
  for (const auto& plain : kPlainConstraints) {
    if (!equal_ignoring_case(plain.name, name)) continue;
    if (!argument.empty()) return unusable(name, "takes no argument");
    return RouteConstraint(plain.accepts);
  }
  for (const auto& constraint : kConstraintsWithArgument) {
    if (equal_ignoring_case(constraint.name, name)) return constraint.create(constraint.name, argument);
  }
  return unusable(name, "is not known");
}

}  // namespace azf
