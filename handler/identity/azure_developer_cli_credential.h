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
struct AzureDeveloperCliOptions {
  /// Empty: the tenant of the account that is logged in.
  std::string tenant_id{};
  /// Tenants that a request may name besides `tenant_id`; `*` for all. Without a `tenant_id` an empty list allows all.
  std::vector<std::string> additionally_allowed_tenants{};
  /// Zero: `AZF_TOOL_TIMEOUT_SECONDS`, else 13 s. Then the tool and its children are killed.
  std::chrono::milliseconds process_timeout{0};
};

/// A credential for the account that is logged in with the Azure Developer CLI: runs `azd auth token`. Failures as
/// those of `create_azure_cli_credential`, but claims are handed to the tool.
Result<std::unique_ptr<TokenCredential>> create_azure_developer_cli_credential(AzureDeveloperCliOptions options,
                                                                               const CredentialServices& services);

}  // namespace azf::identity
