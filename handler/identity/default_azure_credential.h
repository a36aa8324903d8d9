#pragma once

#include "core/result.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <memory>
#include <string>

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
  /// Whether it is an error if `AZURE_TOKEN_CREDENTIALS` is not set, so that production never guesses.
  bool require_token_credentials_variable = false;
};

/// The credential for programs that run here and there: environment, workload identity, managed identity, in this
/// order, the first that works for good. `AZURE_TOKEN_CREDENTIALS` narrows the choice: `prod` for these three, or the
/// name of one of them, in any letter case. `dev` and the names of credentials that this version does not have fail
/// with `kInvalidArgument`, as does anything else, with the values that are allowed.
///
/// A member that cannot be built takes its place in the chain with the reason. Tokens are cached: do not wrap the
/// result into another `CachingCredential`.
Result<std::unique_ptr<TokenCredential>> make_default_azure_credential(const DefaultAzureCredentialOptions& options,
                                                                       const CredentialServices& services);

}  // namespace azf::identity
