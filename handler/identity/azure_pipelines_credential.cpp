#include "identity/azure_pipelines_credential.h"

#include "core/json.h"
#include "http/url.h"
#include "identity/confidential_client_credential.h"
#include "identity/text.h"

#include <string_view>
#include <utility>

namespace azf::identity {
namespace {

constexpr std::string_view kVariable = "SYSTEM_OIDCREQUESTURI";

// What is needed to ask for an OIDC token. Shared by the copies of a std::function.
struct Pipeline {
  std::string request_url;
  Secret access_token;
};

HttpRequest oidc_request(const Pipeline& pipeline) {
  HttpRequest request;
  request.method = Method::kPost;
  request.url = pipeline.request_url;
  request.headers = {{"Content-Type", "application/json"},
                     {"Content-Length", "0"},
                     // A refusal comes as 401 then, not as a page to log in on.
                     {"X-TFS-FedAuthRedirect", "Suppress"}};
  request.headers.set("Authorization", "Bearer " + std::string(pipeline.access_token.expose()));
  return request;
}

// The ids by which Azure DevOps finds a request in its logs.
std::string ids_of(const HttpResponse& response) {
  constexpr std::size_t kLimit = 128;
  std::string ids;
  for (const auto* name : {"x-vss-e2eid", "x-msedge-ref"}) {
    if (const auto value = response.headers.get(name))
      ids.append("; ").append(name).append("=").append(printable(*value, kLimit));
  }
  return ids;
}

Problem problem_of(const Result<HttpResponse>& outcome) {
  // The transport's name for a certificate that is not trusted.
  const bool distrusted = !outcome && outcome.error().kind == ErrorKind::kUnexpectedResponse;
  return distrusted ? Problem::kServerNotTrusted : Problem::kPipelineRefused;
}

Result<ClientProof, Refusal> oidc_proof(const Pipeline& pipeline, const CredentialServices& services,
                                        Deadline deadline) {
  std::vector<Secret> secrets;
  secrets.push_back(pipeline.access_token.clone());
  const auto refuse = [&](Problem problem, std::string reason) {
    const bool too_late = problem == Problem::kDeadlinePassed;
    return Refusal{.kind = too_late ? ErrorKind::kTimeout : ErrorKind::kAuthenticationFailed,
                   .problem = problem,
                   .reason = without_secrets(std::move(reason), secrets),
                   .source = std::string("OIDC endpoint of Azure Pipelines")};
  };
  if (deadline.passed(services.clock)) {
    return refuse(Problem::kDeadlinePassed, "no time was left to ask the OIDC endpoint");
  }
  HttpRequest request = oidc_request(pipeline);
  add_identification(request, services.new_guid());
  SendOptions options;
  options.deadline = deadline;
  options.retry = entra_retry_policy();
  const auto response = services.transport.send(request, options);
  if (!response) {
    return refuse(deadline.passed(services.clock) ? Problem::kDeadlinePassed : problem_of(response),
                  "no answer from the OIDC endpoint: " + response.error().message);
  }
  if (response->status != 200) {
    return refuse(problem_of(response), "the OIDC endpoint answered " + std::to_string(response->status) +
                                            "; check service connection id and pipeline configuration" +
                                            ids_of(*response));
  }
  const auto reply = parse_json(response->body);
  const Json* token = reply ? find_member(*reply, "oidcToken") : nullptr;
  if (token == nullptr || !token->is_string() || token->get_ref<const std::string&>().empty()) {
    return refuse(problem_of(response), "the OIDC endpoint answered 200 without an oidcToken" + ids_of(*response));
  }
  return ClientProof{ClientProof::Kind::kAssertion, Secret(token->get_ref<const std::string&>())};
}

}  // namespace

Result<std::unique_ptr<TokenCredential>> create_azure_pipelines_credential(AzurePipelinesOptions options,
                                                                           const CredentialServices& services) {
  const auto invalid = [](std::string what) { return Error{ErrorKind::kInvalidArgument, std::move(what)}; };
  if (options.service_connection_id.empty()) return invalid("the id of the service connection is missing");
  if (options.system_access_token.empty()) {
    return invalid("the job's System.AccessToken is missing; map it into the step's environment");
  }
  const std::string_view uri = services.environment.get(kVariable).value_or("");
  if (uri.empty()) {
    return Error{ErrorKind::kCredentialUnavailable,
                 "not configured: " + std::string(kVariable) + " not set; Azure Pipelines sets it for its jobs"};
  }
  const auto url = parse_url(uri);
  if (!url) return with_context(url.error(), kVariable);
  if (url->scheme != "https") return invalid(std::string(kVariable) + ": it must be an https URL");

  auto pipeline = std::make_shared<Pipeline>();
  pipeline->request_url =
      with_query(uri, {{"api-version", "7.1"}, {"serviceConnectionId", options.service_connection_id}});
  pipeline->access_token = std::move(options.system_access_token);

  ConfidentialClient client;
  client.credential = "AzurePipelinesCredential";
  client.tenant_id = std::move(options.tenant_id);
  client.client_id = std::move(options.client_id);
  client.authority_host = std::move(options.authority_host);
  client.additionally_allowed_tenants = std::move(options.additionally_allowed_tenants);
  client.proof.name = "service connection " + options.service_connection_id;
  client.proof.make = [pipeline, services](const ProofRequest& request) {
    return oidc_proof(*pipeline, services, request.deadline);
  };
  return create_confidential_client_credential(std::move(client), services);
}

}  // namespace azf::identity
