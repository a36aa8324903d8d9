#pragma once

#include "azure/service_connection.h"
#include "azure/service_policy.h"
#include "core/mutex.h"
#include "http/bulkhead.h"
#include "http/circuit_breaker.h"
#include "http/transport.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace azf::azure {

/// How it goes with a service. Value.
struct ServiceState {
  std::string name;
  BreakerSnapshot breaker{};
  BulkheadSnapshot bulkhead{};
  /// What is wrong with its settings, for which reason nothing is sent; empty if nothing is.
  std::string setting_problem{};

  /// Whether a call has a chance.
  [[nodiscard]] bool is_usable() const { return setting_problem.empty() && breaker.state != BreakerState::kOpen; }
};

/// The connections of the program, one for each service, so that all functions that call a service share its limits.
/// From the caller to the network: the token, a bulkhead, the retry loop, a circuit breaker. Thread-safe.
class ServiceConnections {
 public:
  /// `network` sends each request once. Everything must outlive this object.
  ServiceConnections(HttpTransport& network, identity::TokenCredential& credential,
                     const identity::CredentialServices& services);
  /// Waits for a warm-up under way.
  ~ServiceConnections();
  ServiceConnections(const ServiceConnections&) = delete;
  ServiceConnections& operator=(const ServiceConnections&) = delete;

  /// The connection to that service, made at the first call, with its description then. Valid as long as this object.
  /// Where settings of the service are wrong, the log says so, and its calls fail with `kInvalidArgument`.
  ServiceConnection& connect(const ServiceDescription& description);

  /// Of all services with a connection, by name.
  [[nodiscard]] std::vector<ServiceState> states() const;

  /// Fetches a token and makes a TLS connection for each known service whose endpoint is configured, so that the first
  /// call need not wait for them: in the background, and some time after this call, so that it does not delay the start
  /// of the program. What fails is a debug line of the log and nothing else. AZF_WARM_UP=off: does nothing.
  void warm_up();

 private:
  struct Service;
  struct Target;

  [[nodiscard]] std::vector<Target> targets() const;
  [[nodiscard]] std::vector<std::string> scopes_of(const KnownService& service) const;
  void warm_up(const std::vector<Target>& targets);
  void end_warm_up();
  void warm_connection_up(const Target& target);
  void warm_token_up(const Target& target);

  HttpTransport& network_;
  identity::TokenCredential& credential_;
  const identity::CredentialServices services_;

  mutable Mutex mutex_;
  std::map<std::string, std::unique_ptr<Service>, std::less<>> connections_ GUARDED_BY(mutex_);
  std::size_t warm_ups_ GUARDED_BY(mutex_) = 0;
  ConditionVariable warmed_up_;
};

}  // namespace azf::azure
