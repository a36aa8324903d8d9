#include "runtime/route_template.h"

#include "http/message.h"
#include "http/url.h"

#include <algorithm>

namespace azf {
namespace {

// Takes `/segment` from the front of a path that is not empty.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const auto segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

bool same_literal(std::string_view literal, std::string_view raw_segment) {
  if (raw_segment.find('%') == std::string_view::npos) return equal_ignoring_case(literal, raw_segment);
  return equal_ignoring_case(literal, percent_decode(raw_segment));
}

Error malformed(std::string_view text, std::string_view what) {
  return {ErrorKind::kInvalidArgument, "route \"" + std::string(text) + "\" " + std::string(what)};
}

}  // namespace

std::optional<std::string_view> RouteValues::get(std::string_view name) const {
  for (const auto& [known, value] : entries_) {
    if (equal_ignoring_case(known, name)) return value;
  }
  return std::nullopt;
}

void RouteValues::add(std::string name, std::string value) { entries_.emplace_back(std::move(name), std::move(value)); }

// Reads a template from left to right.
class RouteTemplate::Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), rest_(text) {}

  Result<std::vector<Segment>> parse() {
    std::vector<Segment> segments;
    if (rest_.empty()) return segments;
    while (true) {
      if (!segments.empty() && segments.back().catch_all) return error("has something behind its catch-all parameter");
      auto segment = parse_segment();
      if (!segment) return std::move(segment).error();
      const auto same_name = [&](const Segment& other) {
        return !other.name.empty() && equal_ignoring_case(other.name, segment->name);
      };
      if (std::ranges::any_of(segments, same_name)) return error("has two parameters \"" + segment->name + "\"");
      segments.push_back(std::move(*segment));
      if (rest_.empty()) return segments;
      rest_.remove_prefix(1);  // the slash
    }
  }

 private:
  [[nodiscard]] Error error(std::string_view what) const { return malformed(text_, what); }

  // Ends at a slash or at the end of the text.
  Result<Segment> parse_segment() {
    if (rest_.empty() || rest_.front() == '/') return error("has a slash at one end or two in a row");
    const bool parameter = rest_.starts_with('{') && !rest_.starts_with("{{");
    auto segment = parameter ? parse_parameter() : parse_literal();
    if (segment && !rest_.empty() && rest_.front() != '/') {
      return error("mixes text and parameters in one segment");
    }
    return segment;
  }

  Result<Segment> parse_literal() {
    Segment segment;
    while (!rest_.empty() && rest_.front() != '/') {
      const char c = rest_.front();
      if (c == '?') return error("has a question mark in a literal");
      if (c == '{' || c == '}') {
        if (!rest_.substr(1).starts_with(c))
          return error("mixes text and parameters in one segment, or has a lone brace");
        rest_.remove_prefix(1);
      }
      segment.literal.push_back(c);
      rest_.remove_prefix(1);
    }
    return segment;
  }

  Result<Segment> parse_parameter() {
    rest_.remove_prefix(1);
    std::string content;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '{' || c == '}') {
        const bool doubled = rest_.starts_with(c);
        if (c == '}' && !doubled) return parse_content(content);
        if (!doubled) return error("has a brace inside a parameter that is not doubled");
        rest_.remove_prefix(1);
      }
      content.push_back(c);
    }
    return error("has a parameter without closing brace");
  }

  // `*name:constraint(argument)=default` or `name:constraint?`.
  [[nodiscard]] Result<Segment> parse_content(std::string_view content) const {
    Segment segment;
    segment.catch_all = content.starts_with('*');
    while (content.starts_with('*')) content.remove_prefix(1);
    segment.optional = content.ends_with('?');
    if (segment.optional) content.remove_suffix(1);
    if (segment.optional && segment.catch_all) return error("has a catch-all parameter that is optional: it always is");

    segment.name = content.substr(0, content.find_first_of(":="));
    content.remove_prefix(segment.name.size());
    if (segment.name.empty() || segment.name.find_first_of("/{}?*") != std::string::npos) {
      return error("has a parameter without a usable name");
    }
    while (content.starts_with(':')) {
      content.remove_prefix(1);
      auto constraint = parse_constraint(content);
      if (!constraint) return with_context(std::move(constraint).error(), "route \"" + std::string(text_) + "\"");
      segment.constraints.push_back(std::move(*constraint));
    }
    if (content.starts_with('=')) {
      if (segment.optional) return error("has a parameter that is optional and has a default");
      segment.default_value = content.substr(1);
    }
    return segment;
  }

  // Takes `name` or `name(argument)` from the front. The argument ends at a parenthesis behind which the parameter
  // ends or goes on, so that a pattern may have parentheses.
  static Result<RouteConstraint> parse_constraint(std::string_view& content) {
    const auto name = content.substr(0, content.find_first_of("(:="));
    content.remove_prefix(name.size());
    if (!content.starts_with('(')) return parse_route_constraint(name, {});
    auto end = content.find(')');
    while (end != std::string_view::npos && end + 1 < content.size() && content[end + 1] != ':' &&
           content[end + 1] != '=') {
      end = content.find(')', end + 1);
    }
    if (end == std::string_view::npos) {
      return Error{ErrorKind::kInvalidArgument, "constraint \"" + std::string(name) + "\" has no closing parenthesis"};
    }
    const auto argument = content.substr(1, end - 1);
    content.remove_prefix(end + 1);
    return parse_route_constraint(name, argument);
  }

  const std::string_view text_;
  std::string_view rest_;
};

Result<RouteTemplate> RouteTemplate::parse(std::string_view text) {
  auto segments = Parser(text).parse();
  if (!segments) return std::move(segments).error();
  RouteTemplate route;
  route.text_ = text;
  route.segments_ = std::move(*segments);
  return route;
}

std::optional<RouteValues> RouteTemplate::match(std::string_view path) const {
  auto rest = path;
  if (rest.ends_with('/')) rest.remove_suffix(1);

  RouteValues values;
  for (const auto& segment : segments_) {
    std::optional<std::string> value;
    if (!rest.empty()) {
      const auto raw = take_segment(rest);
      if (raw.empty()) return std::nullopt;
      if (!segment.literal.empty()) {
        if (!same_literal(segment.literal, raw)) return std::nullopt;
        continue;
      }
      const auto from_here = path.substr(static_cast<std::size_t>(raw.data() - path.data()));
      value = percent_decode(segment.catch_all ? from_here : raw);
      if (segment.catch_all) rest = {};
    }
    if (!segment.literal.empty() || !capture(segment, std::move(value), values)) return std::nullopt;
  }
  if (!rest.empty()) return std::nullopt;
  return values;
}

bool RouteTemplate::capture(const Segment& segment, std::optional<std::string> value, RouteValues& values) {
  if (!value) value = segment.default_value;
  if (!value) return segment.optional || (segment.catch_all && segment.constraints.empty());
  const auto accepts = [&value](const RouteConstraint& constraint) { return constraint(*value); };
  if (!std::ranges::all_of(segment.constraints, accepts)) return false;
  values.add(segment.name, std::move(*value));
  return true;
}

std::optional<std::string_view> strip_prefix(std::string_view path, std::string_view prefix) {
  while (!prefix.empty()) {
    if (path.empty()) return std::nullopt;
    const auto expected = prefix.substr(0, prefix.find('/'));
    if (!same_literal(expected, take_segment(path))) return std::nullopt;
    prefix.remove_prefix(std::min(expected.size() + 1, prefix.size()));
  }
  return path;
}

}  // namespace azf
