#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"
#include "http/message.h"
#include "http/url.h"
#include "runtime/route_template.h"

#include <algorithm>
#include <optional>
#include <string>

namespace azf::test {
namespace {

// Takes a segment from the front of a template that has been parsed: a slash inside a parameter does not end it.
std::string_view take_segment(std::string_view& text) {
  std::size_t end = 0;
  if (text.starts_with('{') && !text.starts_with("{{")) {
    for (end = 1; text.substr(end, 2) == "{{" || text.substr(end, 2) == "}}" || text[end] != '}';) {
      const bool doubled = text[end] == '{' || text[end] == '}';
      end += doubled ? 2 : 1;
    }
  }
  const auto segment = text.substr(0, text.find('/', end));
  text.remove_prefix(std::min(segment.size() + 1, text.size()));
  return segment;
}

std::string undoubled(std::string_view literal) {
  std::string text;
  for (std::size_t i = 0; i < literal.size(); ++i) {
    text.push_back(literal[i]);
    if (literal[i] == '{' || literal[i] == '}') ++i;
  }
  return text;
}

// The path that gives these values, all of which it says; nothing if one is left out or empty, which no path can say.
std::optional<std::string> path_of(std::string_view route, const RouteValues& values) {
  std::string path;
  while (!route.empty()) {
    auto segment = take_segment(route);
    std::optional<std::string> text = undoubled(segment);
    if (segment.starts_with('{') && !segment.starts_with("{{")) {
      segment.remove_prefix(segment.find_first_not_of("{*"));
      text = values.get(segment.substr(0, segment.find_first_of(":=?}")));
    }
    if (!text || text->empty()) return std::nullopt;
    path += "/" + percent_encode(*text);
  }
  return path;
}

void check_match(const RouteTemplate& route, std::string_view path) {
  const auto values = route.match(path);
  if (!values) return;
  for (const auto& [name, value] : *values) {
    require(!name.empty() && values->get(name) == value, "a value is found by its name");
  }
  const auto again = path_of(route.text(), *values);
  require(!again || route.match(*again) == *values, "the path of a route's own values gives them again");
}

void check_prefix(std::string_view path, std::string_view prefix) {
  if (prefix.starts_with('/') || prefix.ends_with('/')) return;
  const auto rest = strip_prefix(path, prefix);
  require(!rest || (path.ends_with(*rest) && (rest->empty() || rest->starts_with('/'))),
          "behind a prefix is the end of the path");
  if (!contains(prefix, "%")) {
    const std::string longer = (prefix.empty() ? "" : "/" + std::string(prefix)) + std::string(path);
    require(strip_prefix(longer, prefix) == path, "a prefix is taken away");
  }
}

}  // namespace

// A template, and the path of a request.
void fuzz_route_template(std::string_view input) {
  const auto [text, target] = split_at_line_break(input);
  const std::string path = target.empty() || target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  check_prefix(path, text);

  // Patterns are the author's, who may write one that never ends; so only these meet foreign paths.
  for (const std::string_view known :
       {"", "orders/{id:int:min(1)}/{line?}", "files/{*rest}", "{day:datetime}/{flag:bool=true}",
        "{id:guid}/{name:alpha:length(2,8)}", "{x:double}/{y:decimal}/{z:long:range(-5,5)}",
        "{code:regex(^[a-z]{{2}}-\\d+$)}", "a{{b}}/{name=x y}"}) {
    check_match(RouteTemplate::parse(known).value(), path);
  }
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  if (contains(lower, "regex")) return;
  const auto route = RouteTemplate::parse(text);
  if (!route) {
    require(route.error().kind == ErrorKind::kInvalidArgument, "what is no template is an invalid argument");
    require(!route.error().message.empty(), "the message says why");
    return;
  }
  require(route->text() == text, "a template keeps its text");
  check_match(*route, path);
}

}  // namespace azf::test
