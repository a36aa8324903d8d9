#pragma once

#include "core/result.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <memory>
#include <string>
#include <vector>

namespace azf::identity {

/// An empty field takes the variable that it names. Value.
struct WorkloadIdentityOptions {
  std::string tenant_id{};        ///< `AZURE_TENANT_ID`
  std::string client_id{};        ///< `AZURE_CLIENT_ID`
  std::string token_file_path{};  ///< `AZURE_FEDERATED_TOKEN_FILE`
  std::string authority_host{};   ///< `AZURE_AUTHORITY_HOST`, else the public cloud
  /// Tenants that a request may name besides `tenant_id`; `*` for all.
  std::vector<std::string> additionally_allowed_tenants{};
};

/// A credential that exchanges the token of a Kubernetes service account, or of another federated issuer, for an Entra
/// token. The file is read for each request, because its issuer replaces it, often hourly; white space around the
/// token is dropped. Creation fails with `kCredentialUnavailable` naming what is missing, or with `kInvalidArgument`;
/// a file that is missing or empty when a token is asked for is `kCredentialUnavailable`. Where
/// `AZURE_KUBERNETES_TOKEN_PROXY` is set the request goes through that proxy (`identity/token_proxy.h`).
Result<std::unique_ptr<TokenCredential>> create_workload_identity_credential(WorkloadIdentityOptions options,
                                                                             const CredentialServices& services);

}  // namespace azf::identity
