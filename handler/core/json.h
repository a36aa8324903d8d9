#pragma once

#include "core/result.h"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace azf {

/// The one JSON type of the program. Members are reached through the readers below, never by `operator[]` or `at`
/// on foreign data.
using Json = nlohmann::json;

/// Deeper texts are refused: the Functions host's own limit is 256, and recursion over a foreign depth is a way to
/// overflow a stack.
inline constexpr std::size_t kMaxJsonDepth = 256;

/// Parses one JSON text (RFC 8259, UTF-8, no comments). Never throws. Fails with `kInvalidArgument`; the message
/// gives the byte offset, never the text.
Result<Json> parse_json(std::string_view text);

/// Serializes compactly; invalid UTF-8 is replaced by U+FFFD instead of throwing.
std::string to_text(const Json& json);

/// The member, or null when `object` is not an object, has no such member, or holds `null` there.
const Json* find_member(const Json& object, std::string_view name);

/// A string member. Absent or null is no value; another type is `kInvalidArgument` naming member and type.
Result<std::optional<std::string>> optional_string(const Json& object, std::string_view name);
/// A string member that must be there and not empty.
Result<std::string> required_string(const Json& object, std::string_view name);
/// An integer, accepted as a JSON number without fraction or as decimal text, as Entra and IMDS send either.
Result<std::optional<std::int64_t>> optional_integer(const Json& object, std::string_view name);

}  // namespace azf
