#pragma once

#include "core/result.h"
#include "core/secret.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace azf::identity {

/// Value, move-only.
struct ClientSecretOptions {
  std::string tenant_id{};
  std::string client_id{};
  Secret client_secret{};
  /// Empty: `AZURE_AUTHORITY_HOST`, else the public cloud.
  std::string authority_host{};
  /// Tenants that a request may name besides `tenant_id`; `*` for all.
  std::vector<std::string> additionally_allowed_tenants{};
  /// Type name to appear under; a literal.
  std::string_view credential = "ClientSecretCredential";
};

/// A credential for an application that proves itself by a client secret. Tenant, client and secret must not be
/// empty, or creation fails with `kInvalidArgument`.
Result<std::unique_ptr<TokenCredential>> create_client_secret_credential(ClientSecretOptions options,
                                                                         const CredentialServices& services);

}  // namespace azf::identity
