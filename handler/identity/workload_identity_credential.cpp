#include "identity/workload_identity_credential.h"

#include "identity/confidential_client_credential.h"
#include "identity/secret_file.h"
#include "identity/text.h"
#include "identity/token_proxy.h"

#include <string_view>
#include <utility>

namespace azf::identity {
namespace {

constexpr std::string_view kName = "WorkloadIdentityCredential";

Result<ClientProof, Refusal> federated_token(const std::string& path) {
  const auto unavailable = [](const std::string& what) {
    return Refusal{.kind = ErrorKind::kCredentialUnavailable,
                   .problem = Problem::kTokenFileUnusable,
                   .reason = "federated token: " + what};
  };
  const auto content = load_secret_file(path);
  if (!content) return unavailable(content.error().message);
  const std::string_view token = trimmed(content->expose());
  if (token.empty()) return unavailable("file " + path + " is empty");
  return ClientProof{ClientProof::Kind::kAssertion, Secret(token)};
}

}  // namespace

Result<std::unique_ptr<TokenCredential>> create_workload_identity_credential(WorkloadIdentityOptions options,
                                                                             const CredentialServices& services) {
  std::string missing;
  const auto complete = [&](std::string& field, std::string_view variable) {
    if (field.empty()) field = services.environment.get(variable).value_or("");
    if (field.empty()) missing.append(missing.empty() ? "" : ", ").append(variable);
  };
  complete(options.tenant_id, "AZURE_TENANT_ID");
  complete(options.client_id, "AZURE_CLIENT_ID");
  complete(options.token_file_path, "AZURE_FEDERATED_TOKEN_FILE");
  if (!missing.empty()) {
    return Error{ErrorKind::kCredentialUnavailable,
                 "not configured: " + missing +
                     " not set; in Kubernetes the workload identity webhook sets them for "
                     "pods with the label azure.workload.identity/use"};
  }

  auto proxy = load_token_proxy(services.environment);
  if (!proxy) return std::move(proxy).error();

  ConfidentialClient client;
  client.credential = kName;
  client.tenant_id = std::move(options.tenant_id);
  client.client_id = std::move(options.client_id);
  client.authority_host = std::move(options.authority_host);
  client.additionally_allowed_tenants = std::move(options.additionally_allowed_tenants);
  client.proof.name = "federated token in " + options.token_file_path;
  client.proof.make = [path = std::move(options.token_file_path)](const ProofRequest& /*request*/) {
    return federated_token(path);
  };
  if (*proxy) {
    client.reroute = [proxy = std::move(**proxy)](TokenCall call) {
      return through_token_proxy(proxy, std::move(call));
    };
  }
  return create_confidential_client_credential(std::move(client), services);
}

}  // namespace azf::identity
