#pragma once

#include "core/result.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace azf::identity {

/// Value.
struct DefaultAzureCredentialOptions {
  /// Instead of `AZURE_TENANT_ID`.
  std::string tenant_id{};
  /// Instead of `AZURE_CLIENT_ID`. That variable is also the user-assigned managed identity.
  std::string client_id{};
  /// The managed identity by another of its ids; then `AZURE_CLIENT_ID` is not taken for it.
  std::string object_id{};
  std::string resource_id{};
  /// Empty: `AZURE_AUTHORITY_HOST`, else the public cloud.
  std::string authority_host{};
  /// Tenants that a request may name, besides those of `AZURE_ADDITIONALLY_ALLOWED_TENANTS`; `*` for all.
  std::vector<std::string> additionally_allowed_tenants{};
  /// Members to leave out, by their type names in any letter case.
  std::vector<std::string> excluded_credentials{};
  /// For each developer tool; zero: `AZF_TOOL_TIMEOUT_SECONDS`, else 13 s.
  std::chrono::milliseconds process_timeout{0};
  /// Whether it is an error if `AZURE_TOKEN_CREDENTIALS` is not set, so that production never guesses.
  bool require_token_credentials_variable = false;
};

/// The credential for programs that run here and there: environment, workload identity, managed identity, Azure CLI,
/// Azure PowerShell, Azure Developer CLI, in this order, the first that works for good. `AZURE_TOKEN_CREDENTIALS`
/// narrows the choice: `prod` for the first three, `dev` for the others, or the name of one, in any letter case.
/// Anything else fails with `kInvalidArgument` and the values that are allowed; so does an exclusion of what is no
/// member, or of all.
///
/// A member that cannot be built takes its place in the chain with the reason. Tokens are cached: do not wrap the
/// result into another `CachingCredential`.
Result<std::unique_ptr<TokenCredential>> make_default_azure_credential(const DefaultAzureCredentialOptions& options,
                                                                       const CredentialServices& services);

}  // namespace azf::identity
