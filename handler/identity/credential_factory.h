#pragma once

#include "core/result.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace azf::identity {

/// What a user may say about the identity. An empty field takes the variable that it names. Value.
struct CredentialOptions {
  std::string tenant_id{};  ///< `AZURE_TENANT_ID`; managed identities have no use for it
  /// `AZURE_CLIENT_ID`; for a managed identity, empty is the system-assigned one, except in `DefaultAzureCredential`
  std::string client_id{};
  std::string object_id{};    ///< managed identities only
  std::string resource_id{};  ///< managed identities only
};

/// The names that `create_credential` knows, `DefaultAzureCredential` first.
std::vector<std::string_view> credential_names();

/// The credential of that type name as Azure users know it, in any letter case, with everything else from the
/// environment. Fails with `kInvalidArgument` for an unknown name (the message lists the known ones) and for options
/// that cannot be right. A credential that is not configured is created all the same: it is `kCredentialUnavailable`
/// when a token is asked for, with the reason as its one attempt.
///
/// Tokens are cached: do not wrap the result into another `CachingCredential`.
Result<std::unique_ptr<TokenCredential>> create_credential(std::string_view name, const CredentialOptions& options,
                                                           const CredentialServices& services);

}  // namespace azf::identity
