#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace azf {

/// Number of code points of a UTF-8 text, or nothing if the bytes are not UTF-8 (RFC 3629: no overlong forms, no
/// surrogates, nothing above U+10FFFF).
std::optional<std::size_t> count_code_points(std::string_view text);

inline bool is_utf8(std::string_view text) { return count_code_points(text).has_value(); }

}  // namespace azf
