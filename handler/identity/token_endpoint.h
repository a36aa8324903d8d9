#pragma once

#include "core/environment.h"
#include "core/result.h"
#include "core/secret.h"
#include "http/transport.h"
#include "http/url.h"
#include "identity/advice.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"
#include "identity/token_reply.h"

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azf::identity {

// The steps that all credentials share: where to ask, what to send, how often, and what to make of the answer.

/// The authority to ask, without a slash at its end: `configured`, else `AZURE_AUTHORITY_HOST`, else the public cloud.
/// Fails with `kInvalidArgument` unless it is an https URL.
Result<std::string> authority_host(std::string_view configured, const Environment& environment);

/// Entra's v2.0 token endpoint of a tenant, or that of an AD FS server where the tenant is `adfs`.
std::string token_url(std::string_view authority, std::string_view tenant_id);

/// Fails with `kInvalidArgument` if there is no scope or an empty one.
Result<Success> check_scopes(const std::vector<std::string>& scopes);

/// The resource of the one scope, for endpoints that know no scopes: a `/.default` at the end goes, once, so that
/// `https://x//.default` gives `https://x/`. Fails with `kInvalidArgument` unless there is exactly one scope.
Result<std::string> resource_of(const std::vector<std::string>& scopes);

/// How an application proves who it is: RFC 6749 section 2.3.1, or RFC 7523 section 2.2. Value, move-only.
struct ClientProof {
  enum class Kind { kSecret, kAssertion };
  Kind kind = Kind::kSecret;
  Secret value;
};

/// What a token is asked for with (RFC 6749 section 1.3). Value, move-only.
struct Grant {
  /// Empty in a request that only prepares for one.
  std::string type = "client_credentials";
  /// What else the type needs, and may be shown.
  std::vector<NameValue> fields{};
  /// What else the type needs, and must not be shown.
  std::vector<std::pair<std::string, Secret>> secrets{};
};

/// The fields of a token request. The references are used only while the request is built.
struct TokenForm {
  std::string_view client_id;
  const std::vector<std::string>& scopes;
  const Grant& grant;
  /// Null for a public client, which has none.
  const ClientProof* proof = nullptr;
  /// JSON text or empty.
  std::string_view claims{};
};

/// POST of that form.
HttpRequest token_request(std::string_view url, const TokenForm& form);

/// Entra: three repetitions, as azcore of Go (Azure/azure-sdk-for-go, sdk/azcore/runtime/policy_retry.go).
RetryPolicy entra_retry_policy();
/// Identity endpoints of hosting platforms: as Entra. Their 404 is a plain refusal.
RetryPolicy managed_identity_retry_policy();
/// IMDS: as Entra, all of 5xx; 404 (the identity is being made) and 429 five times; 410 for at least 70 s, because it
/// answers that for up to 70 s while it is updated ("How to use managed identities on an Azure VM to acquire an access
/// token", retry guidance).
RetryPolicy imds_retry_policy();

/// What a failed token request means. Value.
struct Verdict {
  ErrorKind kind = ErrorKind::kAuthenticationFailed;
  Problem problem = Problem::kAuthorityRefused;
};

/// Of Entra: always `kAuthenticationFailed`, since somebody configured the credential.
Verdict judge_entra_failure(const Result<HttpResponse>& outcome);

/// One token request of one credential. Value, move-only.
struct TokenCall {
  /// Type name of the credential.
  std::string_view credential;
  /// Where the token comes from, for people: the success reason of the attempt.
  std::string source;
  HttpRequest request;
  SendOptions options;
  /// What must not be in a message even if the other side sends it back.
  std::vector<Secret> secrets;
  /// Judges a failure that is not the deadline: no reply, a status other than 200, or a 200 without token.
  std::function<Verdict(const Result<HttpResponse>&)> judge = judge_entra_failure;
};

/// Adds the identification headers, sends, and reads the reply. Fails with `kTimeout` when the deadline of
/// `call.options` has passed, else with the kind that `call.judge` gives. Where Entra gives a number, that is the
/// attempt's code. A refusal for an assertion's time window is `clock_skew` if the reply's `Date` shows that.
TokenResult send_token_request(const CredentialServices& services, TokenCall call);

/// The same, for credentials that want more of the reply than the access token.
Result<TokenReply, CredentialError> request_token(const CredentialServices& services, TokenCall& call);

/// The same, for requests whose reply is no token: gives the reply if it is 200.
Result<HttpResponse, CredentialError> send_authority_request(const CredentialServices& services, TokenCall& call);

/// Foreign text for a message. The other side may say anything, even what it was sent: that becomes `[secret]`.
std::string without_secrets(std::string text, const std::vector<Secret>& secrets);

/// The headers that tell the other side who asks, and name the request in both sides' logs.
void add_identification(HttpRequest& request, const std::string& request_id);

}  // namespace azf::identity
