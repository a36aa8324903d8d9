#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "core/secret.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::identity {

/// What a token endpoint issues. Value, move-only.
struct TokenReply {
  Secret token;
  SystemTime expires_on;
  /// As `AccessToken::refresh_on`.
  std::optional<SystemTime> refresh_on;
  /// Gets further tokens for a user who has logged in; empty where none came.
  Secret refresh_token{};
};

/// Reads the body of a 200 reply of Entra's token endpoint or of a managed identity endpoint. `now` is the wall clock
/// just before the request was sent, so that a slow reply can only make the token seem older.
///
/// Expiry comes in every shape that those endpoints have had: `expires_in` in seconds, `expires_on` as seconds since
/// 1970 or as a date (RFC 3339, HTTP, US), numbers as numbers or as text. Where both are there the earlier counts,
/// except that an `expires_on` in the past gives way to `expires_in`: then this machine's clock is ahead. Refresh is
/// due at `refresh_in`, else at half of a life of two hours or more. (Microsoft Entra documentation, "OAuth 2.0 client
/// credentials flow"; Azure App Service documentation, "Connect using managed identities"; AzureAD/
/// microsoft-authentication-library-for-go, apps/internal/oauth/ops/accesstokens/tokens.go.)
///
/// Fails with `kUnexpectedResponse` when there is no token, no expiry, or another type than Bearer. No message quotes
/// the body: it may hold a token.
Result<TokenReply> parse_token_reply(std::string_view body, SystemTime now);

/// What a token endpoint says about a refusal. Value.
struct TokenRefusal {
  /// For people, on one line: error, description, ids. Never markup.
  std::string text;
  /// The error code of OAuth 2.0, such as `invalid_grant`.
  std::string error;
  /// Entra's numbers: 7000215 for `AADSTS7000215`.
  std::vector<int> error_codes;
  std::string correlation_id;
  /// A claims challenge: JSON text as it came, or empty.
  std::string claims;
};

/// Reads the body of a reply that is not 200, in the forms of Entra, IMDS, App Service and Service Fabric. Foreign
/// text is made printable and cut at 4 KiB; a body that is not JSON (a proxy's page) is only described by its size.
TokenRefusal parse_token_refusal(std::string_view body);

}  // namespace azf::identity
