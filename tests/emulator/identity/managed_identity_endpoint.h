#pragma once

#include "core/clock.h"
#include "core/secret.h"
#include "emulator/identity/token_issuer.h"
#include "emulator/wire/coding.h"
#include "emulator/wire/message.h"

#include <string_view>
#include <vector>

namespace azf::emulator {

/// The identities of the emulated resource.
struct ManagedIdentities {
  Principal system_assigned;
  std::vector<Principal> user_assigned;
};

/// The token endpoints that Azure puts beside a workload, as pure functions of the request. Thread-safe.
class ManagedIdentityEndpoint {
 public:
  /// `header_secret` is what callers of the App Service endpoint must show. `issuer` and `clock` outlive the endpoint.
  ManagedIdentityEndpoint(ManagedIdentities identities, Secret header_secret, const TokenIssuer& issuer,
                          const Clock& clock);

  /// App Service and Functions, version 2019-08-01 (App Service documentation, "How to use managed identities for App
  /// Service and Azure Functions", REST endpoint reference).
  [[nodiscard]] Reply app_service(const Request& request) const;
  /// The Instance Metadata Service of virtual machines, version 2018-02-01 and later (Microsoft Entra documentation,
  /// "How to use managed identities for Azure resources on an Azure VM to acquire an access token").
  [[nodiscard]] Reply imds(const Request& request) const;

  [[nodiscard]] const ManagedIdentities& identities() const { return identities_; }
  [[nodiscard]] const Secret& header_secret() const { return header_secret_; }

 private:
  // The identity that the query asks for; null when there is none such.
  [[nodiscard]] const Principal* find_identity(const Parameters& query, std::string_view resource_id_name) const;

  const ManagedIdentities identities_;
  const Secret header_secret_;
  const TokenIssuer& issuer_;
  const Clock& clock_;
};

}  // namespace azf::emulator
