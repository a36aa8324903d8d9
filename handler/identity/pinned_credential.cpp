#include "identity/pinned_credential.h"

#include "core/guid.h"
#include "http/message.h"
#include "identity/text.h"
#include "identity/token_claims.h"
#include "identity/token_outcome.h"

#include <string>
#include <string_view>
#include <utility>

namespace azf::identity {
namespace {

constexpr std::string_view kVariable = "AZF_IDENTITY_PIN";

struct Pin {
  std::string tenant_id;
  std::string principal_id;
};

Result<Pin> parse_pin(std::string_view text) {
  const auto slash = text.find('/');
  Pin pin;
  if (slash != std::string_view::npos) pin = {std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
  if (is_guid(pin.tenant_id) && is_guid(pin.principal_id)) return pin;
  return Error{
      ErrorKind::kInvalidArgument,
      std::string(kVariable) + " is " + printable(text, 100) +
          ", but must be TENANT/PRINCIPAL: two ids such as 11111111-1111-4111-8111-111111111111, the second one "
          "the object id or the application id; `handler token` shows those of the identity in use"};
}

bool is(const std::optional<std::string>& claim, std::string_view id) {
  return claim && equal_ignoring_case(*claim, id);
}

// `TENANT/OBJECT (application APP)`.
std::string identity_of(const TokenClaims& claims) {
  std::string text =
      claims.tenant_id.value_or("unknown tenant") + "/" + claims.principal_id.value_or("unknown principal");
  if (claims.client_id) text.append(" (application ").append(*claims.client_id).append(")");
  return text;
}

// Immutable, thread-safe.
class PinnedCredential final : public TokenCredential {
 public:
  PinnedCredential(std::unique_ptr<TokenCredential> source, Pin pin)
      : source_(std::move(source)), pin_(std::move(pin)) {}

  [[nodiscard]] std::string_view name() const override { return source_->name(); }
  void discard(const AccessToken& token) override { source_->discard(token); }

  TokenResult get_token(const TokenRequestContext& context, Deadline deadline) override {
    TokenResult result = source_->get_token(context, deadline);
    if (!result) return result;
    const AccessToken& token = **result;
    const TokenClaims claims = read_token_claims(token.token.expose());
    const bool right_principal = is(claims.principal_id, pin_.principal_id) || is(claims.client_id, pin_.principal_id);
    if (right_principal && is(claims.tenant_id, pin_.tenant_id)) return result;

    CredentialError error = refused(token.credential, ErrorKind::kAuthenticationFailed, Problem::kIdentityPinned,
                                    "the token is for " + identity_of(claims) + ", but " + std::string(kVariable) +
                                        " allows " + pin_.tenant_id + "/" + pin_.principal_id + " only");
    // The others that were asked before it help to see how this identity came to be chosen.
    error.attempts.insert(error.attempts.begin(), token.attempts.begin(), token.attempts.end());
    return error;
  }

 private:
  const std::unique_ptr<TokenCredential> source_;
  const Pin pin_;
};

}  // namespace

Result<std::unique_ptr<TokenCredential>> apply_identity_pin(std::unique_ptr<TokenCredential> credential,
                                                            const CredentialServices& services) {
  const auto value = services.environment.get(kVariable);
  if (!value) return credential;
  auto pin = parse_pin(trimmed(*value));
  if (!pin) return std::move(pin).error();
  return std::make_unique<PinnedCredential>(std::move(credential), *std::move(pin));
}

}  // namespace azf::identity
