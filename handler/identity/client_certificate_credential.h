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
struct ClientCertificateOptions {
  std::string tenant_id{};
  std::string client_id{};
  /// File with one private RSA key, its certificate and, if it is to be sent, the certificates above it: PEM in any
  /// order, or PFX (PKCS#12). What it is shows in its content, not in its name. Read anew when it has changed.
  std::string certificate_path{};
  /// The content of such a file, instead of a path.
  Secret certificate{};
  /// Of an encrypted key or PFX.
  Secret password{};
  /// Whether to send all certificates with each request, as registrations by subject name and issuer need.
  bool send_certificate_chain = false;
  /// Whether a certificate that cannot be used fails creation. Else it is loaded when the first token is asked for, and
  /// fails that request with `kAuthenticationFailed`.
  bool load_at_creation = true;
  /// Empty: `AZURE_AUTHORITY_HOST`, else the public cloud.
  std::string authority_host{};
  /// Tenants that a request may name besides `tenant_id`; `*` for all.
  std::vector<std::string> additionally_allowed_tenants{};
  /// Type name to appear under; a literal.
  std::string_view credential = "ClientCertificateCredential";
};

/// A credential for an application that proves itself by a certificate: it signs an assertion for each request (PS256
/// with the SHA-256 thumbprint; RS256 with the SHA-1 thumbprint for AD FS). Tenant and client must not be empty, and
/// of path and content exactly one must be given, or creation fails with `kInvalidArgument`; so it does where the
/// certificate cannot be used: `load_certificate` (`identity/certificate.h`) has the reasons. A file that cannot be
/// used after a change is a warning in the log, and the certificate from before goes on.
Result<std::unique_ptr<TokenCredential>> create_client_certificate_credential(ClientCertificateOptions options,
                                                                              const CredentialServices& services);

}  // namespace azf::identity
