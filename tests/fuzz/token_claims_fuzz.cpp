#include "core/base64.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"
#include "identity/token_claims.h"

#include <string>

namespace azf::test {
namespace {

void require_displayable(const identity::TokenClaims& claims) {
  for (const auto& claim : {claims.tenant_id, claims.principal_id, claims.client_id, claims.audience}) {
    if (!claim) continue;
    require_printable(*claim, "claims are printable");
    require(claim->size() <= 512 + 3, "claims are bounded");
  }
}

}  // namespace

void fuzz_token_claims(std::string_view input) {
  require_displayable(identity::read_token_claims(input));
  const std::string payload = to_base64url(input);
  const auto claims = identity::read_token_claims("eyJhbGciOiJub25lIn0." + payload + ".c2lnbmF0dXJl");
  require_displayable(claims);
  require(identity::read_token_claims("." + payload + ".") == claims, "only the payload is read");
  require(identity::read_token_claims("." + payload + "..") == identity::TokenClaims{}, "four parts are no JWT");
}

}  // namespace azf::test
