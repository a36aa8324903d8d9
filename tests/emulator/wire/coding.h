#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azf::emulator {

/// Base64 with padding (RFC 4648 section 4).
std::string to_base64(std::string_view bytes);
/// Base64 for URLs, without padding (RFC 4648 section 5), as JSON Web Tokens use it.
std::string to_base64url(std::string_view bytes);
std::optional<std::string> parse_base64url(std::string_view text);
/// Base64 as .NET's `Convert.FromBase64String` accepts it: white space anywhere, length a multiple of four, and the
/// empty text. Nothing when .NET would throw.
std::optional<std::string> parse_dotnet_base64(std::string_view text);

/// Percent-encodes everything but the unreserved characters of RFC 3986.
std::string percent_encoded(std::string_view text);
/// Decodes `%XX`; a `%` without two hexadecimal digits stays as it is.
std::string percent_decoded(std::string_view text);

/// Names and values of a query or of a form body, decoded (`+` is a blank), in their order, repeats kept.
using Parameters = std::vector<std::pair<std::string, std::string>>;
Parameters parse_parameters(std::string_view text);
/// The first value of that name, compared exactly.
const std::string* find_parameter(const Parameters& parameters, std::string_view name);

/// ASCII only, as protocol names are.
std::string to_lower(std::string_view text);
bool equal_ignoring_case(std::string_view a, std::string_view b);
std::string_view trimmed(std::string_view text);

/// A random (version 4) identifier: `0f3dccc3-5430-4b5c-8398-40966eecb85b`.
std::string new_guid();
/// `bytes` random bytes fit for keys, from the operating system.
std::string random_bytes(std::size_t bytes);

/// Whether the bytes are well-formed UTF-8.
bool is_utf8(std::string_view bytes);

}  // namespace azf::emulator
