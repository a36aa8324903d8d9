#pragma once

#include "core/result.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace azf::identity {

/// What a person needs to log in. Value.
struct DeviceCodePrompt {
  std::string user_code;
  std::string verification_uri;
  /// Both in a sentence of Entra's own, made printable.
  std::string message;
};

/// Value.
struct DeviceCodeOptions {
  /// Empty: `organizations`, which is any work or school account.
  std::string tenant_id{};
  /// A public client registered for this flow; empty: the one that Azure's own developer tools share.
  std::string client_id{};
  /// Shows the prompt. Must not be empty.
  std::function<void(const DeviceCodePrompt&)> show{};
  /// Empty: `AZURE_AUTHORITY_HOST`, else the public cloud.
  std::string authority_host{};
  /// Tenants that a request may name besides `tenant_id`; `*` for all.
  std::vector<std::string> additionally_allowed_tenants{};
};

/// A credential for people at a terminal (RFC 8628): it shows a code, waits until its user has entered it on another
/// device, and keeps the refresh token in memory, so that it asks only once. For each request it waits at most until
/// the code ends (15 minutes) or the caller's deadline.
Result<std::unique_ptr<TokenCredential>> create_device_code_credential(DeviceCodeOptions options,
                                                                       const CredentialServices& services);

}  // namespace azf::identity
