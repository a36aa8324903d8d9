#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace azf::identity {

/// What an access token says of itself, for display. Value.
struct TokenClaims {
  std::optional<std::string> tenant_id;     ///< `tid`
  std::optional<std::string> principal_id;  ///< `oid`, else `sub`
  std::optional<std::string> client_id;     ///< `appid` (v1.0), else `azp` (v2.0)
  std::optional<std::string> audience;      ///< `aud`

  friend bool operator==(const TokenClaims&, const TokenClaims&) = default;
};

/// Reads the payload of a JWT (RFC 7519) WITHOUT checking its signature: to be shown to people, never to be trusted.
/// A token is opaque to its bearer; one that is not a JWT gives no claims. Values are made printable.
TokenClaims read_token_claims(std::string_view token);

}  // namespace azf::identity
