#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace azf::identity {

/// Foreign UTF-8 text made fit for a message: line breaks and tabs become blanks, other control characters (those
/// that could draw on a terminal) are written as `\u001b`, and what goes beyond `limit_bytes`, so written, is cut off
/// at a character's end and marked by `...`.
std::string printable(std::string_view text, std::size_t limit_bytes);

/// Without blanks, tabs and line breaks at both ends. A view into `text`.
std::string_view trimmed(std::string_view text);

/// Whether a switch is on, as Azure SDKs read their variables: `1`, or `true` in any letter case.
bool is_on(std::string_view value);

}  // namespace azf::identity
