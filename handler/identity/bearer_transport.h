#pragma once

#include "core/mutex.h"
#include "http/transport.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <map>
#include <string>
#include <vector>

namespace azf::identity {

/// Value.
struct BearerOptions {
  /// What to ask tokens for. May be empty where the service says it by a challenge.
  std::vector<std::string> scopes{};
  /// Whether to believe a service that names its tenant and resource by a challenge, as Key Vault does. The resource
  /// must be https and own the host: a token for `vault.azure.net` goes to `a.vault.azure.net`, never to
  /// `evilvault.azure.net`.
  bool follow_resource_challenge = false;
  /// For tests against a stand-in on loopback only.
  bool allow_plain_http = false;
};

/// Sends requests with a bearer token, through another transport, and answers the challenges of a 401:
///
/// - Claims (`error="insufficient_claims"`, continuous access evaluation): a new token that satisfies them is fetched
/// and
///   the request sent again, once.
/// - Tenant and resource, where `BearerOptions` allow: likewise, once, and remembered for the host. Without scopes the
///   first request goes without token and body, only to be challenged.
/// - None of these: the token is dropped from its credential's cache, so that the next request fetches anew, and the
///   caller gets the 401.
///
/// A URL that is not https is `kInvalidArgument` before anything is sent. A token that cannot be had is an error of the
/// credential's kind. Redirects are not followed, so no token goes to another host. A 401 or 403 that remains is a log
/// line with what to do. Thread-safe.
class BearerTransport final : public HttpTransport {
 public:
  /// `inner` and `credential` must outlive this object.
  BearerTransport(HttpTransport& inner, TokenCredential& credential, BearerOptions options,
                  const CredentialServices& services);

  Result<HttpResponse> send(const HttpRequest& request, const SendOptions& options) override;

 private:
  /// What a host's tokens are asked for.
  struct Audience {
    std::vector<std::string> scopes;
    std::string tenant_id;

    friend bool operator==(const Audience&, const Audience&) = default;
  };

  [[nodiscard]] Audience audience_of(const std::string& host);
  void remember(const std::string& host, const Audience& audience);

  HttpTransport& inner_;
  TokenCredential& credential_;
  const BearerOptions options_;
  const CredentialServices services_;

  Mutex mutex_;
  std::map<std::string, Audience> learned_ GUARDED_BY(mutex_);
};

}  // namespace azf::identity
