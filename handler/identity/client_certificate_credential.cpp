#include "identity/client_certificate_credential.h"

#include "identity/confidential_client_credential.h"

#include <utility>

namespace azf::identity {

Result<std::unique_ptr<TokenCredential>> create_client_certificate_credential(ClientCertificateOptions options,
                                                                              const CredentialServices& services) {
  CertificateSource source;
  source.path = std::move(options.certificate_path);
  source.content = std::move(options.certificate);
  source.password = std::move(options.password);
  source.send_chain = options.send_certificate_chain;
  source.load_at_creation = options.load_at_creation;
  auto proof = certificate_proof(std::move(source), services);
  if (!proof) return std::move(proof).error();

  ConfidentialClient client;
  client.credential = options.credential;
  client.tenant_id = std::move(options.tenant_id);
  client.client_id = std::move(options.client_id);
  client.authority_host = std::move(options.authority_host);
  client.additionally_allowed_tenants = std::move(options.additionally_allowed_tenants);
  client.proof = std::move(*proof);
  return create_confidential_client_credential(std::move(client), services);
}

}  // namespace azf::identity
