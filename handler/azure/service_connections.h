#pragma once

#include "azure/service_connection.h"
#include "azure/service_policy.h"
#include "core/mutex.h"
#include "http/transport.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <map>
#include <memory>
#include <string>

namespace azf::azure {

/// The connections of the program, one for each service, so that all functions that call a service share its limits.
/// Thread-safe.
class ServiceConnections {
 public:
  /// Everything must outlive this object.
  ServiceConnections(identity::TokenCredential& credential, const identity::CredentialServices& services);
  ~ServiceConnections();
  ServiceConnections(const ServiceConnections&) = delete;
  ServiceConnections& operator=(const ServiceConnections&) = delete;

  /// The connection to that service, made at the first call, with its description then. Valid as long as this object.
  ServiceConnection& connect(const ServiceDescription& description);

 private:
  struct Service;

  identity::TokenCredential& credential_;
  const identity::CredentialServices services_;

  Mutex mutex_;
  std::map<std::string, std::unique_ptr<Service>> connections_ GUARDED_BY(mutex_);
};

}  // namespace azf::azure
