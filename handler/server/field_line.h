#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace azf {

/// A space or a tab: what may stand around values (RFC 9110 section 5.6.3).
constexpr bool is_blank(char c) { return c == ' ' || c == '\t'; }

/// The two parts of a header or trailer field. Views into the line.
struct FieldLine {
  std::string_view name;
  std::string_view value;
};

/// Takes a field line apart (RFC 9112 section 5): `name: value`, no blank before the colon, blanks around the value
/// removed. Nothing if the name is no token, the value has a control character, or the line begins with a blank, which
/// would continue the line before it in the obsolete way.
std::optional<FieldLine> parse_field_line(std::string_view line);

/// The length of the quoted string at the front of `text`, with its quotes (RFC 9110 section 5.6.4); 0 if there is
/// none.
std::size_t quoted_string_length(std::string_view text);

/// A list of the form `a, b,, c` (RFC 9110 section 5.6.1): calls `visit` for each element that is not empty.
template <typename Visit>
void for_each_element(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    std::string_view element = list.substr(0, comma);
    list.remove_prefix(comma == std::string_view::npos ? list.size() : comma + 1);
    while (!element.empty() && is_blank(element.front())) element.remove_prefix(1);
    while (!element.empty() && is_blank(element.back())) element.remove_suffix(1);
    if (!element.empty()) visit(element);
  }
}

}  // namespace azf
