#pragma once

#include <string>
#include <string_view>

namespace azf::emulator {

/// SHA-1 and SHA-256 of the bytes of a certificate (DER), raw.
std::string sha1(std::string_view bytes);
std::string sha256(std::string_view bytes);
/// As portals and Service Fabric write thumbprints: upper-case hexadecimal.
std::string sha1_hex(std::string_view bytes);
/// HMAC-SHA-256, lower-case hexadecimal: tells whether two secrets are equal to whoever does not know `key`.
std::string keyed_fingerprint(std::string_view key, std::string_view secret);

}  // namespace azf::emulator
