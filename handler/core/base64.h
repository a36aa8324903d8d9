#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace azf {

/// Base64 with the standard alphabet and padding (RFC 4648 section 4).
std::string to_base64(std::string_view bytes);

/// Decodes as .NET's `Convert.FromBase64String` does: blanks, tabs and line breaks anywhere are skipped, padding is
/// required. Nothing if the text is not Base64.
std::optional<std::string> from_base64(std::string_view text);

/// Whether `from_base64` would give a value; allocates nothing.
bool is_base64(std::string_view text);

/// Base64 with the URL-safe alphabet and without padding, as JWTs have it (RFC 7515 section 2).
std::string to_base64url(std::string_view bytes);

/// The reverse, strict: no padding, no white space, no stray bits in the last digit. Nothing for any other text.
std::optional<std::string> from_base64url(std::string_view text);

}  // namespace azf
