#include "emulator/services/bearer_check.h"

#include "emulator/identity/json_web_token.h"
#include "emulator/wire/coding.h"

#include <chrono>
#include <utility>

namespace azf::emulator {
namespace {

using std::chrono::seconds;

// What services allow for clocks that differ.
constexpr seconds kClockSkew{300};

}  // namespace

BearerCheck::BearerCheck(std::string audience, const TokenIssuer& issuer, const Clock& clock)
    : audience_(std::move(audience)), issuer_(issuer), clock_(clock) {}

BearerFinding BearerCheck::look(const Request& request) const {
  constexpr std::string_view kScheme = "bearer ";
  const std::string* header = find_header(request.headers, "Authorization");
  if (header == nullptr || !to_lower(*header).starts_with(kScheme)) return {TokenFlaw::kMissing, {}};
  Json claims = issuer_.key().verified_claims(trimmed(std::string_view(*header).substr(kScheme.size())));
  const std::string issuer = text_claim(claims, "iss");
  if (issuer != issuer_.v1_issuer() && issuer != issuer_.v2_issuer()) return {TokenFlaw::kUnknown, {}};
  const auto now = clock_.system_now().time_since_epoch();
  const auto expires = optional_integer(claims, "exp");
  const auto begins = optional_integer(claims, "nbf");
  if (!expires || !*expires || now > seconds(**expires) + kClockSkew) return {TokenFlaw::kExpired, {}};
  if (begins && *begins && now + kClockSkew < seconds(**begins)) return {TokenFlaw::kExpired, {}};
  std::string audience = text_claim(claims, "aud");
  while (audience.ends_with('/')) audience.pop_back();
  if (!equal_ignoring_case(audience, audience_)) return {TokenFlaw::kAudience, {}};
  return {TokenFlaw::kNone, std::move(claims)};
}

std::string_view explain(TokenFlaw flaw) {
  switch (flaw) {
    case TokenFlaw::kNone: return "The token is good.";
    case TokenFlaw::kMissing: return "There is no bearer token in the request.";
    case TokenFlaw::kUnknown: return "The token was not issued by this tenant.";
    case TokenFlaw::kExpired: return "The token is expired, or not valid yet.";
    case TokenFlaw::kAudience: return "The token was made for another audience.";
  }
  return "";
}

}  // namespace azf::emulator
