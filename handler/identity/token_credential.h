#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "core/secret.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::identity {

/// What a token is asked for. Value.
struct TokenRequestContext {
  /// One or more, such as `https://vault.azure.net/.default`. None is `kInvalidArgument`.
  std::vector<std::string> scopes;
  /// Tenant to ask instead of the credential's own; empty for its own. Managed identities ignore it.
  std::string tenant_id{};
  /// Decoded JSON of a claims challenge (continuous access evaluation); empty for none.
  std::string claims{};
  /// Whether the caller answers claims challenges. Entra then issues tokens that live longer, and may be revoked.
  bool enable_cae = false;
};

enum class AttemptOutcome {
  kSucceeded,
  kUnavailable,  ///< could not even try: not configured, not on Azure, not logged in
  kFailed,       ///< tried, and was refused or could not finish
};

/// `succeeded`, `unavailable`, `failed`.
std::string_view to_string(AttemptOutcome outcome);

/// What one credential did when a token was asked for. Never holds a secret. Value.
struct Attempt {
  std::string credential;  ///< type name as Azure users know it: `ManagedIdentityCredential`
  AttemptOutcome outcome = AttemptOutcome::kUnavailable;
  /// Row of the troubleshooting table (`identity/advice.h`): `imds_unreachable`, `AADSTS7000215`; empty on success.
  std::string code{};
  std::string source{};      ///< who was asked, as far as it got: `App Service managed identity, system-assigned`
  std::string looked_for{};  ///< settings and places that this credential depends on
  std::string reason{};      ///< what came back
  std::string next_step{};   ///< what to do now; empty on success and where nothing is known
  std::optional<std::chrono::milliseconds> duration{};  ///< how long it took; nothing before it was measured

  friend bool operator==(const Attempt&, const Attempt&) = default;
};

/// The attempt as one line for people: `<credential>: <reason>. What to do: <next step>`.
std::string message_of(const Attempt& attempt);

/// A Microsoft Entra access token. Shared between callers as an immutable snapshot: any number of requests may use
/// one token, and the last of them ends its life.
struct AccessToken {
  Secret token;
  /// When the token ends, by the wall clock.
  SystemTime expires_on;
  /// When it is time to fetch a new one although this one is still good; nothing if the issuer did not say and the
  /// token lives less than two hours.
  std::optional<SystemTime> refresh_on;
  /// Type name of the credential that got it.
  std::string credential;
  /// Every credential that was asked on the way, the winner last.
  std::vector<Attempt> attempts;
};

/// Why there is no token. `kind` is `kInvalidArgument`, `kCredentialUnavailable`, `kAuthenticationFailed` or
/// `kTimeout` (the caller's deadline passed). Value.
struct CredentialError {
  ErrorKind kind = ErrorKind::kInternal;
  std::string message;
  /// Every credential that was asked, in order.
  std::vector<Attempt> attempts;
  /// HTTP status of the refusal, 0 if none came.
  int status = 0;
  /// Entra's numbers (`AADSTS7000215` is 7000215), empty if none came.
  std::vector<int> error_codes;
  std::string correlation_id;
  /// How long the service asked to be left alone, where it did (`Retry-After`).
  std::optional<std::chrono::milliseconds> retry_after;
  /// The error code of OAuth 2.0: `invalid_grant`, `interaction_required`; empty if none came.
  std::string oauth_error{};
  /// Decoded JSON of a claims challenge that came with the refusal, empty for none. Who called this program in the
  /// name of a user hands it to that user's application, which logs in again with it.
  std::string claims{};
  /// How far this machine's clock is ahead of the server's (negative: behind), where that is why it refused.
  std::optional<std::chrono::seconds> clock_ahead{};

  /// For layers that know nothing of credentials.
  [[nodiscard]] Error to_error() const { return {kind, message}; }
};

/// The token is shared because no owner can bound its life: a cache and any number of requests hold it at once.
using TokenResult = Result<std::shared_ptr<const AccessToken>, CredentialError>;

/// Something that can get tokens. Implementations are thread-safe.
class TokenCredential {
 public:
  virtual ~TokenCredential() = default;

  /// Type name as Azure users know it. Lives as long as the credential.
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// Gets a token or says why not. Waits at most until `deadline`.
  virtual TokenResult get_token(const TokenRequestContext& context, Deadline deadline) = 0;

  /// Tells that a service has just refused this token (401), so that a cache does not hand it out again. Does nothing
  /// in a credential that keeps no tokens.
  virtual void discard(const AccessToken& /*token*/) {}
};

}  // namespace azf::identity
