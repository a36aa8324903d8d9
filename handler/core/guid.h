#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace azf {

/// Makes a fresh GUID for each call: for invocations that came without an id, and to find a request again in the logs
/// of the other side. Thread-safe.
using GuidSource = std::function<std::string()>;

/// A random (version 4) GUID from the operating system's generator: 32 lower-case digits and four hyphens.
std::string random_guid();

/// The version 4 GUID over these bytes (RFC 9562 section 5.4); six bits give way to version and variant.
std::string guid_from(std::array<std::uint8_t, 16> bytes);

/// Whether a text is written as a GUID, in any letter case.
bool is_guid(std::string_view text);

}  // namespace azf
