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
struct AzureCliOptions {
  /// Empty: the tenant of the account that is logged in.
  std::string tenant_id{};
  /// Name or id; empty: the account's default.
  std::string subscription{};
  /// Tenants that a request may name besides `tenant_id`; `*` for all. Without a `tenant_id` an empty list allows all.
  std::vector<std::string> additionally_allowed_tenants{};
  /// Zero: `AZF_TOOL_TIMEOUT_SECONDS`, else 13 s. Then the tool and its children are killed.
  std::chrono::milliseconds process_timeout{0};
};

/// A credential for the account that is logged in with the Azure CLI: runs `az account get-access-token`. Creation
/// fails with `kInvalidArgument` for a tenant or subscription with characters that have no place there. Whatever keeps
/// the tool from printing a token is `kCredentialUnavailable`: it is missing, nobody is logged in, a claims challenge
/// asks for a new login, it fails or takes too long. Two scopes are `kAuthenticationFailed`, as it takes one.
Result<std::unique_ptr<TokenCredential>> create_azure_cli_credential(AzureCliOptions options,
                                                                     const CredentialServices& services);

}  // namespace azf::identity
