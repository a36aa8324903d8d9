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

/// The token endpoints without a state that Azure puts beside a workload, as pure functions of the request.
/// Thread-safe.
class ManagedIdentityEndpoint {
 public:
  /// `header_secret` is what callers of App Service, Azure ML and Service Fabric must show. `user` is whom Cloud Shell
  /// acts for. `issuer` and `clock` outlive the endpoint.
  ManagedIdentityEndpoint(ManagedIdentities identities, User user, Secret header_secret, const TokenIssuer& issuer,
                          const Clock& clock);

  /// App Service and Functions, versions 2019-08-01 and 2017-09-01 (App Service documentation, "How to use managed
  /// identities for App Service and Azure Functions", REST endpoint reference). They differ in the header of the
  /// secret, in the names of the identity parameters and in how the expiry is written.
  [[nodiscard]] Reply app_service(const Request& request) const;
  /// Azure Machine Learning compute (azure-sdk-for-js, `@azure/msal-node`, `MachineLearning` source).
  [[nodiscard]] Reply azure_ml(const Request& request) const;
  /// Cloud Shell: a POST, and the token of the person whose shell it is.
  [[nodiscard]] Reply cloud_shell(const Request& request) const;
  /// A Service Fabric cluster, version 2019-07-01-preview and later (Service Fabric documentation, "How to leverage a
  /// Service Fabric application's managed identity to access Azure services"). TLS is the caller's.
  [[nodiscard]] Reply service_fabric(const Request& request) const;
  /// The Instance Metadata Service of virtual machines, version 2018-02-01 and later (Microsoft Entra documentation,
  /// "How to use managed identities for Azure resources on an Azure VM to acquire an access token").
  [[nodiscard]] Reply imds(const Request& request) const;

  [[nodiscard]] const ManagedIdentities& identities() const { return identities_; }
  [[nodiscard]] const Secret& header_secret() const { return header_secret_; }

 private:
  // The two versions of App Service, once the version is known.
  [[nodiscard]] Reply app_service_2019(const Request& request, const Parameters& query) const;
  [[nodiscard]] Reply app_service_2017(const Request& request, const Parameters& query) const;
  [[nodiscard]] bool shows_secret(const Request& request, std::string_view header) const;
  // The identity by `clientid`, the only name in versions of 2017.
  [[nodiscard]] const Principal* find_by_clientid(const Parameters& query) const;
  // The identity that the query asks for; null when there is none such.
  [[nodiscard]] const Principal* find_identity(const Parameters& query, std::string_view resource_id_name) const;

  const ManagedIdentities identities_;
  const User user_;
  const Secret header_secret_;
  const TokenIssuer& issuer_;
  const Clock& clock_;
};

}  // namespace azf::emulator
