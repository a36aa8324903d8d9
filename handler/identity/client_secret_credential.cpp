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
  client.proof = secret_proof(std::move(options.client_secret));
  return create_confidential_client_credential(std::move(client), services);
}

}  // namespace azf::identity
