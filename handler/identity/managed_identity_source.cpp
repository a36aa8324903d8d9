#include "identity/managed_identity_source.h"

#include "http/certificate_pin.h"
#include "http/url.h"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <filesystem>
#include <netinet/in.h>
#include <optional>
#include <system_error>
#include <utility>

namespace azf::identity {
namespace {

using std::chrono::milliseconds;
using Built = Result<SourceRequest, Refusal>;

constexpr std::string_view kIdentityEndpoint = "IDENTITY_ENDPOINT";
constexpr std::string_view kIdentityHeader = "IDENTITY_HEADER";
constexpr std::string_view kThumbprint = "IDENTITY_SERVER_THUMBPRINT";
constexpr std::string_view kMsiEndpoint = "MSI_ENDPOINT";
constexpr std::string_view kMsiSecret = "MSI_SECRET";
constexpr std::string_view kImdsHost = "AZURE_POD_IDENTITY_AUTHORITY_HOST";

std::string text_of(const Environment& environment, std::string_view variable) {
  return std::string(environment.get(variable).value_or(""));
}

// Secrets must not leave the machine in the clear.
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

Refusal wrong_setting(std::string reason) {
  return {.kind = ErrorKind::kInvalidArgument, .problem = Problem::kInvalidSetting, .reason = std::move(reason)};
}

Refusal no_such_choice(std::string reason) {
  return {.kind = ErrorKind::kCredentialUnavailable,
          .problem = Problem::kInvalidSetting,
          .reason = std::move(reason),
          .next_step = "name no identity (AZURE_CLIENT_ID names one for the default chain), or use another credential"};
}

// The names of a query's parameter for client, object and resource id; empty where the platform knows none.
using IdParameters = std::array<std::string_view, 3>;

// What a GET for a token needs. Value.
struct Question {
  std::string endpoint;
  std::string_view endpoint_variable;
  std::string_view api_version;
  Headers headers{};
  IdParameters id_parameters{};
  std::string_view why_no_id = "the platform decides which identity it has";
};

Built ask(Question question, const std::string& resource, const ManagedIdentity& identity) {
  if (auto valid = check_endpoint(question.endpoint, question.endpoint_variable); !valid) {
    return wrong_setting(valid.error().message);
  }
  std::vector<NameValue> fields = {{"api-version", std::string(question.api_version)}, {"resource", resource}};
  if (identity.kind != ManagedIdentity::Kind::kSystemAssigned) {
    const auto index =
        static_cast<std::size_t>(identity.kind) - static_cast<std::size_t>(ManagedIdentity::Kind::kClientId);
    const auto name = question.id_parameters.at(index);
    if (name.empty()) {
      return no_such_choice("cannot ask for the identity " + describe(identity) + ": " +
                            std::string(question.why_no_id));
    }
    fields.emplace_back(name, identity.id);
  }
  SourceRequest source;
  source.request.url = with_query(question.endpoint, fields);
  source.request.headers = std::move(question.headers);
  return source;
}

// Azure App Service documentation, "Connect using managed identities", REST endpoint reference.
Built app_service_request(const Environment& environment, const std::string& resource,
                          const ManagedIdentity& identity) {
  const auto header = text_of(environment, kIdentityHeader);
  auto built = ask({.endpoint = text_of(environment, kIdentityEndpoint),
                    .endpoint_variable = kIdentityEndpoint,
                    .api_version = "2019-08-01",
                    .headers = {{"X-IDENTITY-HEADER", header}},
                    .id_parameters = {"client_id", "object_id", "mi_res_id"}},
                   resource, identity);
  if (built) built->secrets.emplace_back(header);
  return built;
}

// The certificate is the cluster's own, so its thumbprint takes the place of an authority (Azure Service Fabric
// documentation, "How to leverage a Service Fabric application's managed identity to access Azure services").
Built service_fabric_request(const Environment& environment, const std::string& resource,
                             const ManagedIdentity& identity) {
  const auto endpoint = text_of(environment, kIdentityEndpoint);
  const auto thumbprint = text_of(environment, kThumbprint);
  const auto url = parse_url(endpoint);
  if (url && url->scheme != "https") {
    return wrong_setting(std::string(kIdentityEndpoint) + ": must be https on Service Fabric (" +
                         std::string(kThumbprint) + " is set)");
  }
  if (!parse_certificate_pin(thumbprint)) {
    return wrong_setting(std::string(kThumbprint) + ": is not a SHA-1 thumbprint: 40 hexadecimal digits");
  }
  const auto header = text_of(environment, kIdentityHeader);
  auto built = ask({.endpoint = endpoint,
                    .endpoint_variable = kIdentityEndpoint,
                    .api_version = "2019-07-01-preview",
                    .headers = {{"Secret", header}},
                    .why_no_id = "on Service Fabric the deployment decides which identity an application has"},
                   resource, identity);
  if (!built) return built;
  built->secrets.emplace_back(header);
  built->pinned_certificate_sha1 = thumbprint;
  return built;
}

// Azure Machine Learning documentation, "Set up authentication"; App Service had the same protocol before 2019.
Built legacy_msi_request(const Environment& environment, const std::string& resource, const ManagedIdentity& identity) {
  ManagedIdentity named = identity;
  if (identity.kind == ManagedIdentity::Kind::kSystemAssigned && environment.has("DEFAULT_IDENTITY_CLIENT_ID")) {
    named = {ManagedIdentity::Kind::kClientId, text_of(environment, "DEFAULT_IDENTITY_CLIENT_ID")};
  }
  const auto secret = text_of(environment, kMsiSecret);
  auto built = ask({.endpoint = text_of(environment, kMsiEndpoint),
                    .endpoint_variable = kMsiEndpoint,
                    .api_version = "2017-09-01",
                    .headers = {{"secret", secret}, {"Metadata", "true"}},
                    .id_parameters = {"clientid", "", ""},
                    .why_no_id = "here an identity can be named by its client id only"},
                   resource, named);
  if (built) built->secrets.emplace_back(secret);
  return built;
}

// Azure Cloud Shell has one identity, that of its user.
Built cloud_shell_request(const Environment& environment, const std::string& resource,
                          const ManagedIdentity& identity) {
  auto built = ask({.endpoint = text_of(environment, kMsiEndpoint),
                    .endpoint_variable = kMsiEndpoint,
                    .api_version = "",
                    .headers = {{"Metadata", "true"}, {"Content-Type", "application/x-www-form-urlencoded"}},
                    .why_no_id = "Cloud Shell has the identity of its user only"},
                   resource, identity);
  if (!built) return built;
  built->request.method = Method::kPost;
  built->request.url = text_of(environment, kMsiEndpoint);
  built->request.body = form_encode({{"resource", resource}});
  return built;
}

// Azure Arc documentation, "Authenticate against Azure resources with Azure Arc-enabled servers". Agents that know no
// ids answer with the machine's own identity, so an id is not sent at all.
Built arc_request(const Environment& environment, const std::string& resource, const ManagedIdentity& identity) {
  return ask({.endpoint = std::string(
                  environment.get(kIdentityEndpoint).value_or("http://127.0.0.1:40342/metadata/identity/oauth2/token")),
              .endpoint_variable = kIdentityEndpoint,
              .api_version = "2020-06-01",
              .headers = {{"Metadata", "true"}},
              .why_no_id = "a machine of Azure Arc has its system-assigned identity only"},
             resource, identity);
}

// Microsoft Entra documentation, "How to use managed identities on an Azure VM to acquire an access token".
Built imds_request(const Environment& environment, const std::string& resource, const ManagedIdentity& identity) {
  auto url = imds_token_url(environment);
  if (!url) return wrong_setting(url.error().message);
  return ask({.endpoint = *std::move(url),
              .endpoint_variable = kImdsHost,
              .api_version = "2018-02-01",
              .headers = {{"Metadata", "true"}},
              .id_parameters = {"client_id", "object_id", "msi_res_id"}},
             resource, identity);
}

using Manner = ManagedIdentitySource::Manner;

struct Row {
  ManagedIdentitySource source;
  // Recognised when all of these are set; empty ones do not count.
  std::array<std::string_view, 3> variables;
};

constexpr milliseconds kTryTimeout{30'000};
constexpr auto kRows = std::to_array<Row>({
    {{"Service Fabric", Manner::kPlain, service_fabric_request, managed_identity_retry_policy, kTryTimeout},
     {kIdentityEndpoint, kIdentityHeader, kThumbprint}},
    {{"App Service", Manner::kRenewedSecret, app_service_request, managed_identity_retry_policy, kTryTimeout},
     {kIdentityEndpoint, kIdentityHeader}},
    {{"Azure Machine Learning", Manner::kPlain, legacy_msi_request, managed_identity_retry_policy, kTryTimeout},
     {kMsiEndpoint, kMsiSecret}},
    {{"Cloud Shell", Manner::kPlain, cloud_shell_request, managed_identity_retry_policy, kTryTimeout}, {kMsiEndpoint}},
    {{"Azure Arc", Manner::kKeyFile, arc_request, managed_identity_retry_policy, kTryTimeout},
     {kIdentityEndpoint, "IMDS_ENDPOINT"}},
    {{"IMDS", Manner::kMetadataService, imds_request, imds_retry_policy, milliseconds(60'000)}, {}},
});

bool contains_ignoring_case(std::string_view text, std::string_view word) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; };
  // Not std::ranges::search: what it gives back does not compile with clang 14 and libstdc++.
  const auto same = [&](char a, char b) { return lower(a) == lower(b); };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same) != text.end();
}

// "Identity not found", "No User Assigned or Delegated Managed Identity found ...", "ManagedIdentityNotFound".
bool says_no_such_identity(const HttpResponse& response) {
  return (response.status == 400 || response.status == 404) && contains_ignoring_case(response.body, "identity") &&
         contains_ignoring_case(response.body, "found");
}

bool may_pass(const RetryPolicy& policy, int status) {
  const auto lists = [status](const auto& part) {
    return std::ranges::find(part.statuses, status) != part.statuses.end();
  };
  return lists(policy) || std::ranges::any_of(policy.rules, lists);
}

}  // namespace

std::string describe(const ManagedIdentity& identity) {
  switch (identity.kind) {
    case ManagedIdentity::Kind::kSystemAssigned: break;
    case ManagedIdentity::Kind::kClientId: return "user-assigned with client id " + identity.id;
    case ManagedIdentity::Kind::kObjectId: return "user-assigned with object id " + identity.id;
    case ManagedIdentity::Kind::kResourceId: return "user-assigned with resource id " + identity.id;
  }
  return "system-assigned";
}

const ManagedIdentitySource& detect_managed_identity_source(const Environment& environment,
                                                            const std::string& arc_agent_path) {
  const auto matches = [&](const Row& row) {
    const bool all_set = std::ranges::all_of(
        row.variables, [&](std::string_view variable) { return variable.empty() || environment.has(variable); });
    std::error_code none;
    return all_set || (row.source.manner == Manner::kKeyFile && std::filesystem::exists(arc_agent_path, none));
  };
  return std::ranges::find_if(kRows, matches)->source;  // the last row asks for no variable
}

Result<std::string> imds_token_url(const Environment& environment) {
  std::string url(environment.get(kImdsHost).value_or("http://169.254.169.254"));
  while (url.ends_with('/')) url.pop_back();
  url.append("/metadata/identity/oauth2/token");
  if (auto valid = check_endpoint(url, kImdsHost); !valid) return std::move(valid).error();
  return url;
}

bool is_not_from_imds(const HttpResponse& response) {
  return (response.status == 403 && contains_ignoring_case(response.body, "unreachable")) || response.status == 502 ||
         response.status == 504;
}

// The kinds are those that the official SDKs were seen to have: their chains go on after a 400, after faults of the
// endpoint that stay, and without any answer, on App Service too. In production one names the one credential that is
// meant (AZURE_TOKEN_CREDENTIALS), so that nothing is there to go on to.
Verdict judge_managed_identity_failure(const ManagedIdentitySource& source, const HttpRequest& request,
                                       const Result<HttpResponse>& outcome, bool seen) {
  constexpr auto kUnavailable = ErrorKind::kCredentialUnavailable;
  constexpr auto kFailed = ErrorKind::kAuthenticationFailed;
  const bool imds = source.manner == Manner::kMetadataService;
  if (!outcome) {
    switch (outcome.error().kind) {
      case ErrorKind::kInvalidArgument: return {kFailed, Problem::kInvalidSetting};
      case ErrorKind::kUnexpectedResponse:
        if (request.url.starts_with("https:")) return {kFailed, Problem::kServerNotTrusted};
        return imds ? Verdict{kUnavailable, Problem::kImdsForeign} : Verdict{kFailed, Problem::kUnexpectedReply};
      default: return {kUnavailable, imds ? Problem::kImdsUnreachable : Problem::kIdentityEndpointUnreachable};
    }
  }
  const int status = outcome->status;
  if (status == 200) {
    return imds ? Verdict{kUnavailable, Problem::kImdsForeign} : Verdict{kFailed, Problem::kUnexpectedReply};
  }
  if (imds && is_not_from_imds(*outcome) && (status == 403 || !seen)) return {kUnavailable, Problem::kImdsForeign};
  if (status == 429) return {kUnavailable, Problem::kThrottled};
  const bool passing = may_pass(source.retry_policy(), status);
  if (says_no_such_identity(*outcome)) {
    return {status == 400 || passing ? kUnavailable : kFailed, Problem::kIdentityNotFound};
  }
  if (status == 400) return {kUnavailable, Problem::kIdentityEndpointRefused};
  if (source.manner == Manner::kKeyFile && status == 401) return {kUnavailable, Problem::kArcKeyUnusable};
  return passing ? Verdict{kUnavailable, Problem::kIdentityEndpointUnreachable}
                 : Verdict{kFailed, Problem::kIdentityEndpointRefused};
}

}  // namespace azf::identity
