#pragma once

#include "core/result.h"
#include "core/secret.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <memory>
#include <string>
#include <vector>

namespace azf::identity {

/// Value, move-only.
struct AzurePipelinesOptions {
  std::string tenant_id{};
  std::string client_id{};
  /// Id of the service connection of type Azure Resource Manager with workload identity federation.
  std::string service_connection_id{};
  /// The job's `System.AccessToken`.
  Secret system_access_token{};
  /// Empty: `AZURE_AUTHORITY_HOST`, else the public cloud.
  std::string authority_host{};
  /// Tenants that a request may name besides `tenant_id`; `*` for all.
  std::vector<std::string> additionally_allowed_tenants{};
};

/// A credential for jobs of Azure Pipelines: the job's own token gets an OIDC token for the service connection from
/// `SYSTEM_OIDCREQUESTURI`, and that one is the client assertion. Creation fails with `kInvalidArgument` for an empty
/// option or a variable that is no https URL, with `kCredentialUnavailable` where the variable is not set: then this is
/// no such job. No OIDC token is `kAuthenticationFailed`.
Result<std::unique_ptr<TokenCredential>> create_azure_pipelines_credential(AzurePipelinesOptions options,
                                                                           const CredentialServices& services);

}  // namespace azf::identity
