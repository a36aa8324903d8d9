#pragma once

#include "core/secret.h"
#include "emulator/identity/client_certificate.h"
#include "emulator/identity/token_issuer.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace azf::emulator {

/// Whose tokens an application accepts in place of a secret (workload identity federation).
struct FederatedCredential {
  std::string issuer;
  std::string subject;
  std::string audience;
};

/// An application of the emulated tenant, with all the ways it may prove who it is.
struct AppRegistration {
  Principal principal;
  Secret client_secret;
  std::vector<FederatedCredential> federations;
  /// Null for an application without a certificate.
  std::unique_ptr<const ClientCertificate> certificate;
};

/// An error as Entra words it: `error`, and the number and the text of `error_description`.
struct EntraRefusal {
  int status;
  std::string_view error;
  int code;
  std::string text;
};

}  // namespace azf::emulator
