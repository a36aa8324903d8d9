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
struct AzurePowerShellOptions {
  /// Empty: the tenant of the account that is logged in.
  std::string tenant_id{};
  /// Tenants that a request may name besides `tenant_id`; `*` for all. Without a `tenant_id` an empty list allows all.
  std::vector<std::string> additionally_allowed_tenants{};
  /// Zero: `AZF_TOOL_TIMEOUT_SECONDS`, else 13 s. Then the tool and its children are killed.
  std::chrono::milliseconds process_timeout{0};
};

/// A credential for the account that is logged in with Azure PowerShell: runs `Get-AzAccessToken` in `pwsh`. Failures
/// as those of `create_azure_cli_credential`.
Result<std::unique_ptr<TokenCredential>> create_azure_powershell_credential(AzurePowerShellOptions options,
                                                                            const CredentialServices& services);

}  // namespace azf::identity
