#pragma once

#include "core/environment.h"
#include "core/result.h"
#include "core/secret.h"
#include "http/transport.h"
#include "identity/token_endpoint.h"
#include "identity/token_outcome.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace azf::identity {

/// Which identity to ask for. Value.
struct ManagedIdentity {
  enum class Kind { kSystemAssigned, kClientId, kObjectId, kResourceId };
  Kind kind = Kind::kSystemAssigned;
  std::string id{};  ///< empty for the system-assigned one
};

/// `system-assigned`, `user-assigned with client id ...`
std::string describe(const ManagedIdentity& identity);

/// What a source is to be asked. Value, move-only.
struct SourceRequest {
  HttpRequest request;
  /// Those that the request holds.
  std::vector<Secret> secrets{};
  /// As `SendOptions::pinned_certificate_sha1`.
  std::string pinned_certificate_sha1{};
};

/// A hosting platform's way to hand out tokens. A further one is a builder and a row of the table. Immutable.
struct ManagedIdentitySource {
  /// What asking takes besides a request and its reply.
  enum class Manner {
    kPlain,
    kRenewedSecret,    ///< a 401 may mean that the secret in the environment has just been replaced
    kKeyFile,          ///< a first request is answered with the name of a file whose content the second one shows
    kMetadataService,  ///< no setting tells whether it is there
  };
  std::string_view name;
  Manner manner = Manner::kPlain;
  /// Reads the environment anew, as platforms renew their secrets. Refuses with `kInvalidArgument` for a setting that
  /// cannot be right, with `kCredentialUnavailable` for an identity that the source cannot be asked for.
  Result<SourceRequest, Refusal> (*build)(const Environment&, const std::string& resource, const ManagedIdentity&);
  RetryPolicy (*retry_policy)();
  std::chrono::milliseconds try_timeout;
};

/// The source of this machine, which the environment tells: Service Fabric, App Service (also Functions and Container
/// Apps), Azure Machine Learning (also App Service of 2017), Cloud Shell, Azure Arc, which the agent's file tells too,
/// else IMDS. The order is that of AzureAD/microsoft-authentication-library-for-go,
/// apps/managedidentity/managedidentity.go.
const ManagedIdentitySource& detect_managed_identity_source(const Environment& environment,
                                                            const std::string& arc_agent_path);

/// Where IMDS issues tokens. Fails with `kInvalidArgument` if the variable that moves it is not a URL of this machine
/// or of the link.
Result<std::string> imds_token_url(const Environment& environment);

/// Whether it is not IMDS that answers at its address. Docker Desktop answers 403 for it, with a text that says
/// "unreachable"; a transparent proxy 502 or 504.
bool is_not_from_imds(const HttpResponse& response);

/// What a failure means: `kCredentialUnavailable`, which lets a chain go on, where there is no endpoint, no such
/// identity, or a fault that stays after all repetitions; `kAuthenticationFailed` where an endpoint refuses
/// (App Service 401, 403, 404, a redirect), is not the one it should be (TLS), or answers 200 without a token.
/// IMDS is believed to be somebody else's when it answers 200 without a token, or before it has been `seen` 502 or 504.
Verdict judge_managed_identity_failure(const ManagedIdentitySource& source, const HttpRequest& request,
                                       const Result<HttpResponse>& outcome, bool seen);

}  // namespace azf::identity
