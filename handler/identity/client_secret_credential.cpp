#include "identity/client_secret_credential.h"

#include "identity/confidential_client_credential.h"

#include <utility>

namespace azf::identity {

Result<std::unique_ptr<TokenCredential>> create_client_secret_credential(ClientSecretOptions options,
                                                                         const CredentialServices& services) {
  if (options.client_secret.empty()) {
    return Error{ErrorKind::kInvalidArgument, "the client secret is missing"};
  }
  ConfidentialClient client;
  client.credential = options.credential;
  client.tenant_id = std::move(options.tenant_id);
  client.client_id = std::move(options.client_id);
  client.authority_host = std::move(options.authority_host);
  client.additionally_allowed_tenants = std::move(options.additionally_allowed_tenants);
  client.proof_name = "client secret";
  // Shared because std::function must be copyable, and a Secret is not.
  client.prove = [secret = std::make_shared<const Secret>(std::move(options.client_secret))](
                     const std::string& /*token_url*/, Deadline /*deadline*/) -> Result<ClientProof, Refusal> {
    return ClientProof{ClientProof::Kind::kSecret, secret->clone()};
  };
  return create_confidential_client_credential(std::move(client), services);
}

}  // namespace azf::identity
