#pragma once

#include "core/result.h"
#include "core/secret.h"
#include "identity/client_assertion_credential.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <memory>
#include <string>
#include <vector>

namespace azf::identity {

/// Of secret, certificate and assertion exactly one proves the application. Value, move-only.
struct OnBehalfOfOptions {
  std::string tenant_id{};
  std::string client_id{};
  /// The access token with which the user called this application.
  Secret user_assertion{};
  Secret client_secret{};
  /// As `ClientCertificateOptions`.
  std::string certificate_path{};
  Secret certificate_password{};
  bool send_certificate_chain = false;
  AssertionSource get_assertion{};
  /// Empty: `AZURE_AUTHORITY_HOST`, else the public cloud.
  std::string authority_host{};
  /// Tenants that a request may name besides `tenant_id`; `*` for all.
  std::vector<std::string> additionally_allowed_tenants{};
};

/// A credential for a service that calls another one in the name of its user (OAuth 2.0 on-behalf-of flow). It is for
/// one user: make one for each, and let it go with the request. Options that cannot be right fail creation with
/// `kInvalidArgument`. Where Entra wants the user to log in again (`interaction_required`), the claims challenge is in
/// `CredentialError::claims`, to be handed to the application that called.
Result<std::unique_ptr<TokenCredential>> create_on_behalf_of_credential(OnBehalfOfOptions options,
                                                                        const CredentialServices& services);

}  // namespace azf::identity
