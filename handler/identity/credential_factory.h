#pragma once

#include "core/result.h"
#include "identity/credential_services.h"
#include "identity/device_code_credential.h"
#include "identity/token_credential.h"

#include <functional>
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
  std::string object_id{};                          ///< managed identities only
  std::string resource_id{};                        ///< managed identities only
  std::string subscription{};                       ///< `AzureCliCredential` only; empty: the tool's own
  std::vector<std::string> excluded_credentials{};  ///< `DefaultAzureCredential` only
  /// Shows a device code to the user; where there is no way to, `DeviceCodeCredential` cannot be had.
  std::function<void(const DeviceCodePrompt&)> show_device_code{};
};

/// One row of what `create_credential` knows. The texts are literals.
struct CredentialDescription {
  std::string_view name;      ///< type name as Azure users know it
  std::string_view settings;  ///< what it takes from the environment, for `--help`
};

/// The credentials that `create_credential` knows, `DefaultAzureCredential` first.
std::vector<CredentialDescription> known_credentials();

/// The credential of that type name, in any letter case, with everything else from the environment. Fails with
/// `kInvalidArgument` for an unknown name (the message lists the known ones) and for options or settings that cannot be
/// right. A credential that is not configured is created all the same: it is `kCredentialUnavailable` when a token is
/// asked for, with the reason as its one attempt.
///
/// Tokens are cached, and only those that `AZF_IDENTITY_PIN` allows come out: do not wrap the result into another
/// `CachingCredential`.
Result<std::unique_ptr<TokenCredential>> create_credential(std::string_view name, const CredentialOptions& options,
                                                           const CredentialServices& services);

}  // namespace azf::identity
