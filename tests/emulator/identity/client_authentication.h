#pragma once

#include "core/clock.h"
#include "emulator/identity/app_registration.h"
#include "emulator/identity/json_web_token.h"
#include "emulator/identity/token_issuer.h"
#include "emulator/wire/coding.h"

#include <optional>
#include <string_view>

namespace azf::emulator {

/// Decides whether a client of the token endpoint is the application that it says it is: by a secret, by an assertion
/// of a federated issuer, or by one that it signed with its certificate (Microsoft identity platform documentation,
/// "OAuth 2.0 client credentials flow" and "Application authentication certificate credentials"). Thread-safe.
class ClientAuthentication {
 public:
  /// `issuer` signs federated tokens too. All three outlive this object.
  ClientAuthentication(const AppRegistration& application, const TokenIssuer& issuer, const Clock& clock)
      : application_(application), issuer_(issuer), clock_(clock) {}

  /// What is wrong with the proof in `form`; nothing when it is good. `token_url` is the URL the request was sent to.
  [[nodiscard]] std::optional<EntraRefusal> check(const Parameters& form, std::string_view token_url) const;
  /// What kind of proof is in `form`, right or wrong.
  [[nodiscard]] static ClientProof proof_in(const Parameters& form);

 private:
  [[nodiscard]] std::optional<EntraRefusal> check_assertion(std::string_view assertion,
                                                            std::string_view token_url) const;
  [[nodiscard]] std::optional<EntraRefusal> check_federated(std::string_view assertion) const;
  [[nodiscard]] std::optional<EntraRefusal> check_signed(const JsonWebToken& assertion,
                                                         std::string_view token_url) const;
  [[nodiscard]] std::optional<EntraRefusal> check_key(const JsonWebToken& assertion) const;
  [[nodiscard]] std::optional<EntraRefusal> check_chain(const Json& header) const;
  [[nodiscard]] std::optional<EntraRefusal> check_time(const Json& claims) const;

  const AppRegistration& application_;
  const TokenIssuer& issuer_;
  const Clock& clock_;
};

}  // namespace azf::emulator
