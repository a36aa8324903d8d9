#pragma once

#include "core/result.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <chrono>
#include <memory>
#include <string>

namespace azf::identity {

/// Value.
struct DeveloperToolsOptions {
  /// Empty: the tenant of the account that is logged in.
  std::string tenant_id{};
  /// Zero: `AZF_TOOL_TIMEOUT_SECONDS`, else 13 s.
  std::chrono::milliseconds process_timeout{0};
};

/// A credential for people at their own machine: Azure CLI, Azure PowerShell, Azure Developer CLI, in this order, the
/// first that works for good.
Result<std::unique_ptr<TokenCredential>> create_developer_tools_credential(const DeveloperToolsOptions& options,
                                                                           const CredentialServices& services);

}  // namespace azf::identity
