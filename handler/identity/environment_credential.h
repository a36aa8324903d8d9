#pragma once

#include "core/result.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <memory>
#include <string>
#include <vector>

namespace azf::identity {

/// An empty field takes the variable that it names. Value.
struct EnvironmentCredentialOptions {
  std::string tenant_id{};  ///< `AZURE_TENANT_ID`
  std::string client_id{};  ///< `AZURE_CLIENT_ID`
  /// Empty: `AZURE_AUTHORITY_HOST`, else the public cloud.
  std::string authority_host{};
  /// Tenants that a request may name, besides those of `AZURE_ADDITIONALLY_ALLOWED_TENANTS`; `*` for all.
  std::vector<std::string> additionally_allowed_tenants{};
};

/// A credential for the application that the environment names: `AZURE_TENANT_ID`, `AZURE_CLIENT_ID`, and
/// `AZURE_CLIENT_SECRET` or, where that is not set, `AZURE_CLIENT_CERTIFICATE_PATH` (with
/// `AZURE_CLIENT_CERTIFICATE_PASSWORD`, and `AZURE_CLIENT_SEND_CERTIFICATE_CHAIN` = 1 or true); besides
/// `AZURE_AUTHORITY_HOST` and `AZURE_ADDITIONALLY_ALLOWED_TENANTS`. Creation fails with `kCredentialUnavailable`,
/// listing which variables are set and which are missing but never a value, or with `kInvalidArgument` where a value
/// cannot be right. A certificate that cannot be used is `kAuthenticationFailed` when a token is asked for. With
/// `AZURE_USERNAME` alone, whose flow Microsoft has withdrawn, the credential is always `kCredentialUnavailable`.
Result<std::unique_ptr<TokenCredential>> create_environment_credential(EnvironmentCredentialOptions options,
                                                                       const CredentialServices& services);

}  // namespace azf::identity
