#pragma once

#include "core/secret.h"
#include "emulator/identity/app_registration.h"
#include "emulator/identity/entra_endpoint.h"
#include "emulator/wire/message.h"

#include <string>

namespace azf::emulator {

/// Where a job of Azure Pipelines gets an OIDC token for a service connection (Azure DevOps REST API, "Oidctoken -
/// Create"). Thread-safe.
class PipelinesEndpoint {
 public:
  /// `access_token` is the job's own. `federation` is what the tokens say of the service connection; `entra` makes them
  /// and outlives the endpoint.
  PipelinesEndpoint(std::string service_connection_id, Secret access_token, FederatedCredential federation,
                    const EntraEndpoint& entra);

  [[nodiscard]] Reply handle(const Request& request) const;

  [[nodiscard]] const std::string& service_connection_id() const { return service_connection_id_; }
  [[nodiscard]] const Secret& access_token() const { return access_token_; }

 private:
  const std::string service_connection_id_;
  const Secret access_token_;
  const FederatedCredential federation_;
  const EntraEndpoint& entra_;
};

}  // namespace azf::emulator
