#pragma once

#include "core/result.h"
#include "identity/application_proof.h"
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

/// An application registered at Microsoft Entra. What differs between the credentials of this family is the proof, and
/// in whose name it asks. Value, move-only.
struct ConfidentialClient {
  /// Type name for messages; a literal.
  std::string_view credential;
  std::string tenant_id;
  std::string client_id;
  /// Empty: `AZURE_AUTHORITY_HOST`, else the public cloud.
  std::string authority_host;
  /// Tenants that a request may name besides `tenant_id`; `*` for all.
  std::vector<std::string> additionally_allowed_tenants;
  ApplicationProof proof;
  /// In its own name, or with what a user gave it.
  Grant grant{};
  /// Lets the request take another way than straight to the token URL; empty for none. The proof stays as it is.
  std::function<Result<TokenCall, Refusal>(TokenCall call)> reroute{};
};

/// A credential that sends the grant with the client's proof. Fails with `kInvalidArgument` for a tenant, client or
/// authority that cannot be right; nothing is sent. A refusal of the proof or of `reroute` becomes the credential's. A
/// dated proof that was refused because of this machine's clock is made and sent once more, by the server's time.
Result<std::unique_ptr<TokenCredential>> create_confidential_client_credential(ConfidentialClient client,
                                                                               const CredentialServices& services);

}  // namespace azf::identity
