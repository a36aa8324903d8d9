#include "emulator/host/route_template.h"

#include "core/time_text.h"
#include "emulator/wire/coding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>
#include <regex.h>

namespace azf::emulator {
namespace {

Error wrong(std::string_view text, std::string_view what) {
  return {ErrorKind::kInvalidArgument, "the route \"" + std::string(text) + "\" " + std::string(what)};
}

// Names of constraints and how many arguments each takes.
struct ConstraintRule {
  std::string_view name;
  std::size_t least;
  std::size_t most;
};
constexpr auto kConstraints = std::to_array<ConstraintRule>({
    {"alpha", 0, 0},
    {"bool", 0, 0},
    {"datetime", 0, 0},
    {"decimal", 0, 0},
    {"double", 0, 0},
    {"float", 0, 0},
    {"guid", 0, 0},
    {"int", 0, 0},
    {"length", 1, 2},
    {"long", 0, 0},
    {"max", 1, 1},
    {"maxlength", 1, 1},
    {"min", 1, 1},
    {"minlength", 1, 1},
    {"range", 2, 2},
    {"regex", 1, 1},
    {"required", 0, 0},
});

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('+')) text.remove_prefix(1);
  Number number{};
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::vector<std::int64_t> numbers(std::string_view arguments) {
  std::vector<std::int64_t> list;
  while (!arguments.empty()) {
    const auto end = std::min(arguments.find(','), arguments.size());
    const auto number = parse_number<std::int64_t>(arguments.substr(0, end));
    if (!number) return {};
    list.push_back(*number);
    arguments.remove_prefix(std::min(end + 1, arguments.size()));
  }
  return list;
}

bool is_guid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash != (text[i] == '-')) return false;
    if (!dash && std::string_view("0123456789abcdefABCDEF").find(text[i]) == std::string_view::npos) return false;
  }
  return true;
}

bool is_date(std::string_view text) {
  return parse_rfc3339(text) || parse_rfc3339(std::string(text) + "T00:00:00") || parse_us_date(text) ||
         parse_us_date(std::string(text) + " 00:00:00");
}

// Compiled by the C library: std::regex reports a bad pattern by throwing. Its extended syntax lacks .NET's `\d`.
class Pattern {
 public:
  explicit Pattern(std::string_view text) {
    std::string posix(text);
    for (std::size_t at = 0; (at = posix.find("\\d", at)) != std::string::npos;) posix.replace(at, 2, "[0-9]");
    valid_ = ::regcomp(&pattern_, posix.c_str(), REG_EXTENDED | REG_ICASE | REG_NOSUB) == 0;
  }
  Pattern(const Pattern&) = delete;
  Pattern& operator=(const Pattern&) = delete;
  ~Pattern() {
    if (valid_) ::regfree(&pattern_);
  }

  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] bool found_in(const std::string& text) const {
    return ::regexec(&pattern_, text.c_str(), 0, nullptr, 0) == 0;
  }

 private:
  regex_t pattern_{};
  bool valid_ = false;
};

// `text` up to the closing brace that belongs to its first character; doubled braces are part of a regular expression.
std::size_t closing_brace(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    const bool doubled = i + 1 < text.size() && text[i + 1] == text[i];
    if ((text[i] == '{' || text[i] == '}') && doubled) {
      ++i;
    } else if (text[i] == '}') {
      return i;
    }
  }
  return std::string_view::npos;
}

std::vector<std::string_view> split_segments(std::string_view text) {
  std::vector<std::string_view> segments;
  if (text.empty()) return segments;
  // A slash inside braces belongs to a regular expression.
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '{') {
      const auto length = closing_brace(text.substr(i));
      if (length == std::string_view::npos) break;
      i += length;
    } else if (text[i] == '/') {
      segments.push_back(text.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  segments.push_back(text.substr(begin));
  return segments;
}

}  // namespace

Result<RouteTemplate> RouteTemplate::parse(std::string_view text) {
  RouteTemplate route;
  for (const auto segment_text : split_segments(text)) {
    if (segment_text.empty()) return wrong(text, "has an empty segment");
    auto segment = parse_segment(segment_text);
    if (!segment) return wrong(text, segment.error().message);
    if (!route.segments_.empty() && route.segments_.back().back().catch_all) {
      return wrong(text, "goes on behind its catch-all");
    }
    route.segments_.push_back(std::move(*segment));
  }
  std::vector<std::string> names;
  for (const auto& segment : route.segments_) {
    for (const auto& part : segment) {
      if (!part.parameter.empty()) names.push_back(to_lower(part.parameter));
    }
  }
  std::sort(names.begin(), names.end());
  if (std::adjacent_find(names.begin(), names.end()) != names.end()) return wrong(text, "uses a parameter twice");
  return route;
}

Result<RouteTemplate::Segment> RouteTemplate::parse_segment(std::string_view text) {
  Segment segment;
  while (!text.empty()) {
    if (text.front() != '{') {
      const auto end = std::min(text.find('{'), text.size());
      segment.emplace_back().literal = text.substr(0, end);
      text.remove_prefix(end);
      continue;
    }
    const auto end = closing_brace(text);
    if (end == std::string_view::npos) return Error{ErrorKind::kInvalidArgument, "has a brace that is not closed"};
    auto part = parse_parameter(text.substr(1, end - 1));
    if (!part) return std::move(part).error();
    if (!segment.empty() && !segment.back().parameter.empty()) {
      return Error{ErrorKind::kInvalidArgument, "has two parameters with nothing between them"};
    }
    segment.push_back(std::move(*part));
    text.remove_prefix(end + 1);
  }
  if (segment.size() > 1 && std::any_of(segment.begin(), segment.end(), [](const Part& part) {
        return part.catch_all || part.optional || part.fallback;
      })) {
    return Error{ErrorKind::kInvalidArgument, "mixes an optional or catch-all parameter with other text"};
  }
  return segment;
}

Result<RouteTemplate::Part> RouteTemplate::parse_parameter(std::string_view text) {
  Part part;
  while (text.starts_with('*')) {
    part.catch_all = true;
    text.remove_prefix(1);
  }
  if (text.ends_with('?')) {
    part.optional = true;
    text.remove_suffix(1);
  }
  const auto name_end = std::min(text.find_first_of(":="), text.size());
  part.parameter = text.substr(0, name_end);
  text.remove_prefix(name_end);
  if (part.parameter.empty() || part.parameter.find_first_of("{}/?*") != std::string::npos) {
    return Error{ErrorKind::kInvalidArgument, "has a parameter without a proper name"};
  }
  while (text.starts_with(':')) {
    text.remove_prefix(1);
    Constraint constraint;
    const auto end = std::min(text.find_first_of("(:="), text.size());
    constraint.name = to_lower(text.substr(0, end));
    text.remove_prefix(end);
    if (text.starts_with('(')) {
      // The argument of a regular expression may hold parentheses and colons of its own.
      const auto close = constraint.name == "regex" ? text.rfind(')') : text.find(')');
      if (close == std::string_view::npos) return Error{ErrorKind::kInvalidArgument, "lacks a closing parenthesis"};
      for (std::size_t i = 1; i < close; ++i) {
        constraint.argument.push_back(text[i]);
        if ((text[i] == '{' || text[i] == '}') && text[i + 1] == text[i]) ++i;
      }
      text.remove_prefix(close + 1);
    }
    const auto* rule = std::find_if(kConstraints.begin(), kConstraints.end(),
                                    [&](const ConstraintRule& known) { return known.name == constraint.name; });
    const bool is_regex = constraint.name == "regex";
    const std::size_t arguments = is_regex ? !constraint.argument.empty() : numbers(constraint.argument).size();
    if (rule == kConstraints.end() || arguments < rule->least || arguments > rule->most ||
        (is_regex && !Pattern(constraint.argument).valid())) {
      return Error{ErrorKind::kInvalidArgument, "has the unknown or incomplete constraint \"" + constraint.name + "\""};
    }
    part.constraints.push_back(std::move(constraint));
  }
  if (text.starts_with('=')) part.fallback = std::string(text.substr(1));
  return part;
}

bool RouteTemplate::satisfies(const Constraint& constraint, const std::string& value) {
  const auto& name = constraint.name;
  const auto arguments = name == "regex" ? std::vector<std::int64_t>() : numbers(constraint.argument);
  const auto length = static_cast<std::int64_t>(value.size());
  const auto number = parse_number<std::int64_t>(value);
  if (name == "int") {
    return number && *number >= std::numeric_limits<std::int32_t>::min() &&
           *number <= std::numeric_limits<std::int32_t>::max();
  }
  if (name == "long") return number.has_value();
  if (name == "bool")
    return equal_ignoring_case(trimmed(value), "true") || equal_ignoring_case(trimmed(value), "false");
  if (name == "guid") return is_guid(value);
  if (name == "datetime") return is_date(value);
  if (name == "decimal" || name == "double" || name == "float") return parse_number<double>(value).has_value();
  if (name == "alpha") {
    const std::string lower = to_lower(value);
    return std::all_of(lower.begin(), lower.end(), [](char c) { return c >= 'a' && c <= 'z'; });
  }
  if (name == "regex") return Pattern(constraint.argument).found_in(value);
  if (name == "length")
    return length >= arguments.front() && length <= arguments.back() &&
           (arguments.size() == 2 || length == arguments.front());
  if (name == "minlength") return length >= arguments[0];
  if (name == "maxlength") return length <= arguments[0];
  if (name == "min") return number && *number >= arguments[0];
  if (name == "max") return number && *number <= arguments[0];
  if (name == "range") return number && *number >= arguments[0] && *number <= arguments[1];
  return !value.empty();  // required
}

bool RouteTemplate::match_parts(const Segment& segment, std::size_t index, std::string_view text, RouteValues& values) {
  if (index == segment.size()) return text.empty();
  const Part& part = segment[index];
  if (part.parameter.empty()) {
    return equal_ignoring_case(text.substr(0, part.literal.size()), part.literal) &&
           match_parts(segment, index + 1, text.substr(part.literal.size()), values);
  }
  const std::size_t mark = values.size();
  for (std::size_t length = text.size(); length > 0; --length) {
    const std::string value(text.substr(0, length));
    values.resize(mark);
    values.emplace_back(part.parameter, value);
    const bool fits = std::all_of(part.constraints.begin(), part.constraints.end(),
                                  [&](const Constraint& constraint) { return satisfies(constraint, value); });
    if (fits && match_parts(segment, index + 1, text.substr(length), values)) return true;
  }
  values.resize(mark);
  return false;
}

std::optional<RouteValues> RouteTemplate::match(std::string_view path) const {
  if (path.starts_with('/')) path.remove_prefix(1);
  RouteValues values;
  for (const auto& segment : segments_) {
    const Part& last = segment.back();
    if (last.catch_all) {
      std::optional<std::string> rest = last.fallback;
      if (!path.empty()) rest = std::string(path);
      const bool fits =
          !rest || std::all_of(last.constraints.begin(), last.constraints.end(),
                               [&](const Constraint& constraint) { return satisfies(constraint, *rest); });
      if (!fits) return std::nullopt;
      values.emplace_back(last.parameter, std::move(rest));
      return values;
    }
    if (path.empty()) {
      if (!last.optional && !last.fallback) return std::nullopt;
      values.emplace_back(last.parameter, last.fallback);
      continue;
    }
    const auto end = std::min(path.find('/'), path.size());
    if (!match_parts(segment, 0, path.substr(0, end), values)) return std::nullopt;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  if (!path.empty()) return std::nullopt;
  return values;
}

}  // namespace azf::emulator
