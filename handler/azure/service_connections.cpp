#include "azure/service_connections.h"

#include "identity/bearer_transport.h"

namespace azf::azure {

struct ServiceConnections::Service {
  Service(const ServiceDescription& description, identity::TokenCredential& credential,
          const identity::CredentialServices& services)
      : bearer(services.transport, credential,
               {.scopes = description.scopes, .follow_resource_challenge = description.follow_resource_challenge},
               services),
        connection(bearer, description) {}

  identity::BearerTransport bearer;
  ServiceConnection connection;
};

ServiceConnections::ServiceConnections(identity::TokenCredential& credential,
                                       const identity::CredentialServices& services)
    : credential_(credential), services_(services) {}

ServiceConnections::~ServiceConnections() = default;

ServiceConnection& ServiceConnections::connect(const ServiceDescription& description) {
  const MutexLock lock(mutex_);
  auto& service = connections_[description.name];
  if (!service) service = std::make_unique<Service>(description, credential_, services_);
  return service->connection;
}

}  // namespace azf::azure
