#pragma once

#include "core/clock.h"
#include "emulator/identity/app_registration.h"
#include "emulator/identity/client_authentication.h"
#include "emulator/identity/device_codes.h"
#include "emulator/identity/token_issuer.h"
#include "emulator/wire/coding.h"
#include "emulator/wire/message.h"

#include <optional>
#include <string>
#include <string_view>

namespace azf::emulator {

/// Microsoft Entra for one tenant, one application and one user: the token endpoint for client credentials,
/// on-behalf-of, device code and refresh token, the device code endpoint, its metadata and its keys (Microsoft identity
/// platform documentation, the page of each flow, and "Microsoft Entra authentication and authorization error codes").
/// The application is a confidential client that allows public flows too. Thread-safe.
class EntraEndpoint {
 public:
  /// `authority` is this endpoint's own URL without a slash at its end. `issuer` signs its tokens, and the federated
  /// tokens too. `issuer` and `clock` outlive the endpoint.
  EntraEndpoint(std::string authority, AppRegistration application, User user,
                std::chrono::seconds device_code_interval, const TokenIssuer& issuer, const Clock& clock);

  [[nodiscard]] Reply handle(const Request& request);
  /// Control requests below `/emulator/`; nothing when the path is not one of these:
  ///
  /// - `GET /emulator/device-codes`: as `DeviceCodes::list`.
  /// - `POST /emulator/device-codes/USER_CODE/approve` (or `/decline`): what the person with that code does.
  /// - `POST /emulator/user-token`: `{"access_token"}`, the user's token for the application, as its callers bring it.
  std::optional<Reply> control(const Request& request);

  /// A token of a federated issuer, valid for an hour.
  [[nodiscard]] std::string federated_token(const FederatedCredential& federation) const;

  [[nodiscard]] const AppRegistration& application() const { return application_; }

 private:
  // What a token request asks for: one resource, and the scopes there without the resource.
  struct Target {
    std::string resource;
    std::string scopes;
    bool openid = false;
    bool refreshable = false;
  };
  // How long a token lives, and whether its client can handle claims challenges.
  struct Lifetime {
    std::chrono::seconds seconds;
    bool long_lived = false;
  };

  [[nodiscard]] Reply token(const Request& request, std::string_view tenant);
  [[nodiscard]] Reply device_code(const Request& request, std::string_view tenant);
  [[nodiscard]] Reply client_credentials(const Parameters& form, const Request& request) const;
  [[nodiscard]] Reply on_behalf_of(const Parameters& form, const Request& request) const;
  [[nodiscard]] Reply device_token(const Parameters& form, const Request& request);
  [[nodiscard]] Reply refreshed_token(const Parameters& form, const Request& request) const;

  // What is wrong with the parameters that every request needs; nothing when they are good.
  [[nodiscard]] std::optional<EntraRefusal> check_request(const Parameters& form, std::string_view tenant,
                                                          std::initializer_list<const char*> required) const;
  [[nodiscard]] std::optional<EntraRefusal> check_user_token(const std::string& assertion) const;
  [[nodiscard]] static std::optional<EntraRefusal> check_claims(const Parameters& form);
  [[nodiscard]] static Target parse_target(std::string_view scope);
  [[nodiscard]] static Lifetime lifetime_for(const Parameters& form);
  [[nodiscard]] Reply user_token_reply(const Parameters& form, const Target& target, ClientProof proof) const;
  [[nodiscard]] std::string refresh_token(std::string_view scope) const;
  [[nodiscard]] Reply refuse(const EntraRefusal& refusal, const Request& request) const;
  [[nodiscard]] Reply configuration(std::string_view tenant, bool v2) const;
  [[nodiscard]] Reply keys() const;
  [[nodiscard]] Reply instance_discovery(const Request& request) const;
  [[nodiscard]] bool knows_tenant(std::string_view tenant) const;

  const std::string authority_;
  const AppRegistration application_;
  const User user_;
  const TokenIssuer& issuer_;
  const Clock& clock_;
  const ClientAuthentication authentication_;
  DeviceCodes device_codes_;
};

}  // namespace azf::emulator
