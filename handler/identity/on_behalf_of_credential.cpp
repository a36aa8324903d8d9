#include "identity/on_behalf_of_credential.h"

#include "identity/confidential_client_credential.h"

#include <utility>

namespace azf::identity {
namespace {

Result<ApplicationProof> proof_of(OnBehalfOfOptions& options, const CredentialServices& services) {
  const int proofs = static_cast<int>(!options.client_secret.empty()) +
                     static_cast<int>(!options.certificate_path.empty()) +
                     static_cast<int>(options.get_assertion != nullptr);
  if (proofs != 1) {
    return Error{ErrorKind::kInvalidArgument,
                 "exactly one of client secret, certificate and assertion must prove the application; " +
                     std::to_string(proofs) + " are given"};
  }
  if (!options.client_secret.empty()) return secret_proof(std::move(options.client_secret));
  if (options.get_assertion) return assertion_proof(std::move(options.get_assertion), services.clock);
  CertificateSource source;
  source.path = std::move(options.certificate_path);
  source.password = std::move(options.certificate_password);
  source.send_chain = options.send_certificate_chain;
  return certificate_proof(std::move(source), services);
}

}  // namespace

Result<std::unique_ptr<TokenCredential>> create_on_behalf_of_credential(OnBehalfOfOptions options,
                                                                        const CredentialServices& services) {
  if (options.user_assertion.empty()) {
    return Error{ErrorKind::kInvalidArgument, "the user's access token (user assertion) is missing"};
  }
  auto proof = proof_of(options, services);
  if (!proof) return std::move(proof).error();

  ConfidentialClient client;
  client.credential = "OnBehalfOfCredential";
  client.tenant_id = std::move(options.tenant_id);
  client.client_id = std::move(options.client_id);
  client.authority_host = std::move(options.authority_host);
  client.additionally_allowed_tenants = std::move(options.additionally_allowed_tenants);
  client.proof = std::move(*proof);
  client.grant.type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  client.grant.fields = {{"requested_token_use", "on_behalf_of"}};
  client.grant.secrets.emplace_back("assertion", std::move(options.user_assertion));
  return create_confidential_client_credential(std::move(client), services);
}

}  // namespace azf::identity
