#pragma once

#include "core/result.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"
#include "identity/token_endpoint.h"
#include "identity/token_outcome.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace azf::identity {

/// An application registered at Microsoft Entra that asks in its own name. What differs between the credentials of
/// this family is only the proof.
struct ConfidentialClient {
  /// Type name for messages; a literal.
  std::string_view credential;
  std::string tenant_id;
  std::string client_id;
  /// Empty: `AZURE_AUTHORITY_HOST`, else the public cloud.
  std::string authority_host;
  /// Tenants that a request may name besides `tenant_id`; `*` for all.
  std::vector<std::string> additionally_allowed_tenants;
  /// What the proof is, for people: `client secret`.
  std::string proof_name;
  /// Makes the proof for one request to this token URL. Called for each request, from any thread.
  std::function<Result<ClientProof, Refusal>(const std::string& token_url, Deadline deadline)> prove;
};

/// A credential that sends the client credentials grant with the client's proof. Fails with `kInvalidArgument` for a
/// tenant, client or authority that cannot be right; nothing is sent. A refusal of `prove` becomes the credential's.
Result<std::unique_ptr<TokenCredential>> create_confidential_client_credential(ConfidentialClient client,
                                                                               const CredentialServices& services);

}  // namespace azf::identity
