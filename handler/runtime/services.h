#pragma once

#include "azure/service_connections.h"
#include "core/clock.h"
#include "core/environment.h"
#include "core/log.h"
#include "http/transport.h"
#include "identity/token_credential.h"

namespace azf {

/// What a function module may use. The objects outlive every function and are thread-safe; modules keep the
/// references they need.
struct Services {
  identity::TokenCredential& credential;
  HttpTransport& http;
  /// Connections to Azure services, with tokens.
  azure::ServiceConnections& azure;
  const Clock& clock;
  const Environment& environment;
  const Logger& log;
};

}  // namespace azf
