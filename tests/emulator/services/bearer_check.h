#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "emulator/identity/token_issuer.h"
#include "emulator/wire/message.h"

#include <string>
#include <string_view>

namespace azf::emulator {

/// What is wrong with the token of a request.
enum class TokenFlaw {
  kNone,
  kMissing,   ///< no `Authorization: Bearer`
  kUnknown,   ///< not signed by the emulated tenant, or not issued by it
  kExpired,   ///< or not valid yet
  kAudience,  ///< made for another service
};

/// What a service found in a request. Value.
struct BearerFinding {
  TokenFlaw flaw = TokenFlaw::kNone;
  /// Of a token without a flaw.
  Json claims;
};

/// Looks at tokens as a service of Azure does: signature, issuer, time and audience. Thread-safe.
class BearerCheck {
 public:
  /// `issuer` and `clock` outlive the check. `audience` has no slash at its end; tokens may have one.
  BearerCheck(std::string audience, const TokenIssuer& issuer, const Clock& clock);

  [[nodiscard]] BearerFinding look(const Request& request) const;
  [[nodiscard]] const std::string& audience() const { return audience_; }

 private:
  const std::string audience_;
  const TokenIssuer& issuer_;
  const Clock& clock_;
};

/// One sentence for error messages.
std::string_view explain(TokenFlaw flaw);

}  // namespace azf::emulator
