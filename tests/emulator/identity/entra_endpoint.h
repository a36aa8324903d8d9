#pragma once

#include "core/clock.h"
#include "core/secret.h"
#include "emulator/identity/token_issuer.h"
#include "emulator/wire/coding.h"
#include "emulator/wire/message.h"

#include <optional>
#include <string>
#include <string_view>

namespace azf::emulator {

/// Whose tokens an application accepts in place of a secret (workload identity federation).
struct FederatedCredential {
  std::string issuer;
  std::string subject;
  std::string audience;
};

/// An application of the emulated tenant.
struct AppRegistration {
  Principal principal;
  Secret client_secret;
  FederatedCredential federation;
};

/// Microsoft Entra for one tenant and one application: the token endpoint for client credentials, its metadata and its
/// keys, as pure functions of the request (Microsoft identity platform documentation, "OAuth 2.0 client credentials
/// flow" and "Microsoft Entra authentication and authorization error codes"). Thread-safe.
class EntraEndpoint {
 public:
  /// `authority` is this endpoint's own URL without a slash at its end. `issuer` signs its tokens, and the federated
  /// tokens too. `issuer` and `clock` outlive the endpoint.
  EntraEndpoint(std::string authority, AppRegistration application, const TokenIssuer& issuer, const Clock& clock);

  [[nodiscard]] Reply handle(const Request& request) const;
  /// A token of the federated issuer that the application accepts for an hour.
  [[nodiscard]] std::string federated_token() const;

  [[nodiscard]] const AppRegistration& application() const { return application_; }

 private:
  // One error as Entra words it: `error`, and the number and text of `error_description`.
  struct Refusal {
    int status;
    std::string_view error;
    int code;
    std::string text;
  };

  [[nodiscard]] Reply token(const Request& request, std::string_view tenant) const;
  // What is wrong with the proof of who the client is; nothing when it is good.
  [[nodiscard]] std::optional<Refusal> check_client(const Parameters& form) const;
  [[nodiscard]] std::optional<Refusal> check_assertion(std::string_view assertion) const;
  [[nodiscard]] Reply refuse(const Refusal& refusal, const Request& request) const;
  [[nodiscard]] Reply configuration(std::string_view tenant, bool v2) const;
  [[nodiscard]] Reply keys() const;
  [[nodiscard]] Reply instance_discovery(const Request& request) const;
  [[nodiscard]] bool knows_tenant(std::string_view tenant) const;

  const std::string authority_;
  const AppRegistration application_;
  const TokenIssuer& issuer_;
  const Clock& clock_;
};

}  // namespace azf::emulator
