#pragma once

#include "core/json.h"

#include <optional>
#include <string>
#include <string_view>

namespace azf::emulator {

/// A JSON Web Token in compact form (RFC 7515 section 7.1), taken apart and not verified. Value.
struct JsonWebToken {
  Json header;
  Json claims;
  /// What the signature is over: the first two parts and the dot between.
  std::string signed_text;
  std::string signature;
};

/// Nothing when the text is no such token, or when header or claims are no JSON objects.
std::optional<JsonWebToken> parse_json_web_token(std::string_view text);

/// A claim that is a text; empty when it is absent or something else.
std::string text_claim(const Json& claims, std::string_view name);

}  // namespace azf::emulator
