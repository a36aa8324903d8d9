#include "identity/managed_identity_credential.h"

#include "http/message.h"
#include "http/url.h"
#include "identity/token_endpoint.h"
#include "identity/token_outcome.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace azf::identity {
namespace {

constexpr std::string_view kName = "ManagedIdentityCredential";

// Which identity to ask for; none of the ids for the system-assigned one.
struct Identity {
  enum class Kind { kSystemAssigned, kClientId, kObjectId, kResourceId };
  Kind kind = Kind::kSystemAssigned;
  std::string id;

  [[nodiscard]] bool user_assigned() const { return kind != Kind::kSystemAssigned; }
};

std::string describe(const Identity& identity) {
  switch (identity.kind) {
    case Identity::Kind::kSystemAssigned: break;
    case Identity::Kind::kClientId: return "user-assigned with client id " + identity.id;
    case Identity::Kind::kObjectId: return "user-assigned with object id " + identity.id;
    case Identity::Kind::kResourceId: return "user-assigned with resource id " + identity.id;
  }
  return "system-assigned";
}

// The request of one platform, before what all requests have in common.
struct PlatformRequest {
  HttpRequest request;
  std::vector<Secret> secrets;
};

// What a platform's failure means depends on these besides the reply.
struct Circumstances {
  bool user_assigned = false;
  bool endpoint_seen = false;  // whether the endpoint has answered as expected before
};

// One hosting platform: how it is recognised, asked and understood. A further one is a builder and a row.
struct Platform {
  std::string_view name;
  std::array<std::string_view, 3> variables;  // recognised when all of these are set; empty ones do not count
  // Null where this version only recognises the platform; then the rest is null too.
  Result<PlatformRequest> (*build)(const Environment&, const std::string& resource, const Identity&) = nullptr;
  RetryPolicy (*retry_policy)() = nullptr;
  ErrorKind (*failure_kind)(const Result<HttpResponse>&, const Circumstances&) = nullptr;
  std::chrono::milliseconds try_timeout{30'000};
};

// The identity header must not leave the machine in the clear.
bool is_this_machine_or_link_local(const std::string& host) {
  in_addr v4{};
  if (inet_pton(AF_INET, host.c_str(), &v4) == 1) {
    const auto address = ntohl(v4.s_addr);
    return (address >> 24) == 127 || (address >> 16) == ((169U << 8) | 254U);
  }
  in6_addr v6{};
  if (inet_pton(AF_INET6, host.c_str(), &v6) == 1) return IN6_IS_ADDR_LOOPBACK(&v6) || IN6_IS_ADDR_LINKLOCAL(&v6);
  return host == "localhost";
}

Result<Success> check_endpoint(std::string_view endpoint, std::string_view variable) {
  const auto url = parse_url(endpoint);
  if (!url) return with_context(url.error(), variable);
  if (url->scheme == "https" || is_this_machine_or_link_local(url->host)) return Success{};
  return Error{ErrorKind::kInvalidArgument,
               std::string(variable) + ": http is allowed for loopback and link-local addresses only"};
}

using IdParameters = std::array<std::string_view, 3>;  // for client, object and resource id

std::vector<NameValue> query(std::string_view api_version, const std::string& resource, const Identity& identity,
                             const IdParameters& parameters) {
  std::vector<NameValue> fields = {{"api-version", std::string(api_version)}, {"resource", resource}};
  if (identity.user_assigned()) {
    const auto index = static_cast<std::size_t>(identity.kind) - static_cast<std::size_t>(Identity::Kind::kClientId);
    fields.emplace_back(parameters.at(index), identity.id);
  }
  return fields;
}

// Azure App Service documentation, "Connect using managed identities", REST endpoint reference.
Result<PlatformRequest> app_service_request(const Environment& environment, const std::string& resource,
                                            const Identity& identity) {
  const std::string_view endpoint = environment.get("IDENTITY_ENDPOINT").value_or("");
  if (auto valid = check_endpoint(endpoint, "IDENTITY_ENDPOINT"); !valid) return std::move(valid).error();
  PlatformRequest platform;
  platform.request.url =
      with_query(endpoint, query("2019-08-01", resource, identity, {"client_id", "object_id", "mi_res_id"}));
  platform.secrets.emplace_back(environment.get("IDENTITY_HEADER").value_or(""));
  platform.request.headers = {{"X-IDENTITY-HEADER", std::string(platform.secrets.front().expose())}};
  return platform;
}

ErrorKind app_service_failure(const Result<HttpResponse>& /*outcome*/, const Circumstances& /*circumstances*/) {
  return ErrorKind::kAuthenticationFailed;
}

constexpr std::string_view kImdsHostVariable = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

std::string imds_url(const Environment& environment) {
  std::string url(environment.get(kImdsHostVariable).value_or("http://169.254.169.254"));
  while (url.ends_with('/')) url.pop_back();
  return url.append("/metadata/identity/oauth2/token");
}

// Microsoft Entra documentation, "How to use managed identities on an Azure VM to acquire an access token".
Result<PlatformRequest> imds_request(const Environment& environment, const std::string& resource,
                                     const Identity& identity) {
  const std::string url = imds_url(environment);
  if (auto valid = check_endpoint(url, kImdsHostVariable); !valid) return std::move(valid).error();
  PlatformRequest platform;
  platform.request.url =
      with_query(url, query("2018-02-01", resource, identity, {"client_id", "object_id", "msi_res_id"}));
  platform.request.headers = {{"Metadata", "true"}};
  return platform;
}

// Docker Desktop answers 403 for the link-local address, with a text that says "unreachable"; a proxy 502 or 504.
bool comes_from_something_else(const HttpResponse& response) {
  return (response.status == 403 && response.body.find("unreachable") != std::string::npos) || response.status == 502 ||
         response.status == 504;
}

// As Azure/azure-sdk-for-go, sdk/azidentity/managed_identity_client.go, except that a machine without IMDS must not
// look like one whose IMDS has failed.
ErrorKind imds_failure(const Result<HttpResponse>& outcome, const Circumstances& circumstances) {
  const ErrorKind unless_seen =
      circumstances.endpoint_seen ? ErrorKind::kAuthenticationFailed : ErrorKind::kCredentialUnavailable;
  if (!outcome) return unless_seen;
  switch (outcome->status) {
    case 400: return circumstances.user_assigned ? ErrorKind::kAuthenticationFailed : ErrorKind::kCredentialUnavailable;
    case 200:
    case 404:
    case 410:
    case 429: return unless_seen;
    default: break;
  }
  if (outcome->status == 403 && comes_from_something_else(*outcome)) return ErrorKind::kCredentialUnavailable;
  return outcome->status >= 500 ? unless_seen : ErrorKind::kAuthenticationFailed;
}

// In the order in which the platforms are looked for, that of AzureAD/microsoft-authentication-library-for-go,
// apps/managedidentity/managedidentity.go. The last one needs no variable and so always matches.
constexpr std::array kPlatforms = {
    Platform{"Service Fabric", {"IDENTITY_ENDPOINT", "IDENTITY_HEADER", "IDENTITY_SERVER_THUMBPRINT"}},
    Platform{"App Service",
             {"IDENTITY_ENDPOINT", "IDENTITY_HEADER"},
             app_service_request,
             managed_identity_retry_policy,
             app_service_failure},
    Platform{"Azure Machine Learning", {"MSI_ENDPOINT", "MSI_SECRET"}},
    Platform{"Cloud Shell", {"MSI_ENDPOINT"}},
    Platform{"Azure Arc", {"IDENTITY_ENDPOINT", "IMDS_ENDPOINT"}},
    Platform{"IMDS", {}, imds_request, imds_retry_policy, imds_failure, std::chrono::milliseconds(60'000)},
};
constexpr const Platform& kImds = kPlatforms.back();

const Platform& detect(const Environment& environment) {
  return *std::find_if(kPlatforms.begin(), kPlatforms.end(), [&](const Platform& platform) {
    return std::all_of(platform.variables.begin(), platform.variables.end(),
                       [&](std::string_view variable) { return variable.empty() || environment.has(variable); });
  });
}

std::string not_supported(const Platform& platform) {
  std::string variables;
  for (const std::string_view variable : platform.variables) {
    if (!variable.empty()) variables.append(variables.empty() ? "" : ", ").append(variable);
  }
  return "this is " + std::string(platform.name) + " (" + variables +
         " set), whose managed identity this version cannot ask for";
}

// Thread-safe.
class ManagedIdentityCredential final : public TokenCredential {
 public:
  ManagedIdentityCredential(Identity identity, bool probe_imds, const CredentialServices& services)
      : identity_(std::move(identity)), probe_imds_(probe_imds), services_(services) {}

  [[nodiscard]] std::string_view name() const override { return kName; }

  TokenResult get_token(const TokenRequestContext& context, Deadline deadline) override {
    const auto resource = resource_of(context.scopes);
    if (!resource) return refused(kName, resource.error().kind, Problem::kInvalidRequest, resource.error().message);
    const Platform& platform = detect(services_.environment);
    if (platform.build == nullptr) {
      return refused(kName, ErrorKind::kCredentialUnavailable, Problem::kNotConfigured, not_supported(platform));
    }
    if (&platform == &kImds && probe_imds_ && !imds_seen_) {
      if (auto error = probe(deadline)) return std::move(*error);
    }

    TokenResult result = ask(platform, *resource, deadline);
    // App Service answers 401 when its header secret has just been renewed.
    if (!result && result.error().status == 401 && &platform != &kImds) result = ask(platform, *resource, deadline);
    if (result && &platform == &kImds) imds_seen_ = true;
    return result;
  }

 private:
  TokenResult ask(const Platform& platform, const std::string& resource, Deadline deadline) {
    auto built = platform.build(services_.environment, resource, identity_);
    if (!built) return refused(kName, built.error().kind, Problem::kInvalidSetting, built.error().message);
    const Circumstances circumstances{identity_.user_assigned(), imds_seen_};

    TokenCall call;
    call.credential = kName;
    call.source = std::string(platform.name) + " managed identity, " + describe(identity_);
    call.request = std::move(built->request);
    call.secrets = std::move(built->secrets);
    call.options = local_options(deadline);
    call.options.try_timeout = platform.try_timeout;
    call.options.retry = platform.retry_policy();
    // Where there is no IMDS nothing answers, now as little as in a minute.
    if (&platform == &kImds && !imds_seen_) call.options.retry.on_transport_errors = false;
    call.judge = [&platform, circumstances](const Result<HttpResponse>& outcome) {
      return Verdict{platform.failure_kind(outcome, circumstances), Problem::kIdentityEndpointRefused};
    };
    TokenResult result = send_token_request(services_, std::move(call));
    if (result) return result;
    CredentialError error = std::move(result).error();
    explain(platform, error);
    return error;
  }

  // A request that IMDS refuses at once, for want of the Metadata header: any answer shows that it is there
  // (Azure/azure-sdk-for-go, sdk/azidentity/managed_identity_client.go).
  std::optional<CredentialError> probe(Deadline deadline) {
    constexpr std::chrono::seconds kPatience{1};
    HttpRequest request;
    request.url = imds_url(services_.environment);
    if (const auto valid = check_endpoint(request.url, kImdsHostVariable); !valid) {
      return refused(kName, valid.error().kind, Problem::kInvalidSetting, valid.error().message);
    }
    add_identification(request, services_.new_guid());
    SendOptions options = local_options(deadline.or_sooner(services_.clock, kPatience));
    options.connect_timeout = kPatience;
    options.try_timeout = kPatience;
    const auto response = services_.transport.send(request, options);
    if (response && !comes_from_something_else(*response)) {
      imds_seen_ = true;
      return std::nullopt;
    }
    if (deadline.passed(services_.clock)) {
      return refused(kName, ErrorKind::kTimeout, Problem::kDeadlinePassed, "no time was left to wait for IMDS");
    }
    const std::string came_back = response ? "something else answered (" + std::to_string(response->status) + ")"
                                           : "no answer within 1 s (" + response.error().message + ")";
    return refused(kName, ErrorKind::kCredentialUnavailable, Problem::kImdsUnreachable,
                   "no managed identity endpoint: IDENTITY_ENDPOINT and IDENTITY_HEADER are not set (App Service), and "
                   "at the address of IMDS " +
                       came_back +
                       "; on an Azure virtual machine set AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential to wait "
                       "longer");
  }

  static SendOptions local_options(Deadline deadline) {
    SendOptions options;
    options.deadline = deadline;
    options.allow_plain_http = true;  // the builders have checked that the address is local
    options.use_proxy = false;
    return options;
  }

  // Adds what to do next, where the endpoint's own words do not say it.
  void explain(const Platform& platform, CredentialError& error) const {
    std::string advice;
    if (error.status == 400 && identity_.user_assigned()) {
      advice = "; check that the requested identity (" + describe(identity_) + ") is assigned to this resource";
    } else if (error.status == 400) {
      advice = "; check that this resource has a system-assigned identity, or name a user-assigned one";
    } else if (error.status == 0 && error.kind == ErrorKind::kCredentialUnavailable) {
      advice = "; is this an Azure virtual machine?";
    }
    advice.insert(0, " (" + std::string(platform.name) + ")");
    error.message.append(advice);
    error.attempts.back().reason.append(advice);
  }

  const Identity identity_;
  const bool probe_imds_;
  const CredentialServices services_;

  std::atomic<bool> imds_seen_ = false;
};

}  // namespace

Result<std::unique_ptr<TokenCredential>> create_managed_identity_credential(ManagedIdentityOptions options,
                                                                            const CredentialServices& services) {
  Identity identity;
  std::size_t ids = 0;
  const auto take = [&](Identity::Kind kind, std::string& id) {
    if (id.empty()) return;
    identity = {kind, std::move(id)};
    ++ids;
  };
  take(Identity::Kind::kClientId, options.client_id);
  take(Identity::Kind::kObjectId, options.object_id);
  take(Identity::Kind::kResourceId, options.resource_id);
  if (ids > 1) {
    return Error{ErrorKind::kInvalidArgument,
                 "only one of client id, object id and resource id can name a managed identity"};
  }
  return std::make_unique<ManagedIdentityCredential>(std::move(identity), options.probe_imds, services);
}

}  // namespace azf::identity
