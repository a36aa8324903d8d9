#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "core/secret.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace azf::identity {

/// Makes a client assertion (RFC 7523), a signed JWT about the application. Called for each token request, from any
/// thread; must be done by the deadline.
using AssertionSource = std::function<Result<Secret>(Deadline deadline)>;

/// An assertion that somebody keeps fresh in a file; white space around it is dropped.
AssertionSource assertion_file(std::string path);

/// An assertion that a program prints, run without a shell: `arguments` begins with a name on PATH or an absolute path.
AssertionSource assertion_command(std::vector<std::string> arguments, ProcessRunner& processes,
                                  std::chrono::milliseconds timeout = std::chrono::seconds(13));

/// Value.
struct ClientAssertionOptions {
  std::string tenant_id{};
  std::string client_id{};
  AssertionSource get_assertion{};
  /// Empty: `AZURE_AUTHORITY_HOST`, else the public cloud.
  std::string authority_host{};
  /// Tenants that a request may name besides `tenant_id`; `*` for all.
  std::vector<std::string> additionally_allowed_tenants{};
};

/// A credential for an application that proves itself by assertions from elsewhere. Tenant, client and source must not
/// be empty, or creation fails with `kInvalidArgument`. A source that fails or gives an empty text is
/// `kAuthenticationFailed`, and nothing is sent.
Result<std::unique_ptr<TokenCredential>> create_client_assertion_credential(ClientAssertionOptions options,
                                                                            const CredentialServices& services);

}  // namespace azf::identity
