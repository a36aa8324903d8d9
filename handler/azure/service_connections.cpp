#include "azure/service_connections.h"

#include "azure/service_endpoint.h"
#include "http/retrying_transport.h"
#include "identity/bearer_transport.h"

#include <chrono>
#include <utility>

namespace azf::azure {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// By then the host's probe and the request that it started the program for have been answered.
constexpr milliseconds kAfterStart{200};
constexpr seconds kWarmUpLimit{10};

// Stands where nothing may be sent.
class RefusingTransport final : public HttpTransport {
 public:
  explicit RefusingTransport(Error reason) : reason_(std::move(reason)) {}

  Result<HttpResponse> send(const HttpRequest& /*request*/, const SendOptions& /*options*/) override { return reason_; }

 private:
  const Error reason_;
};

// Of a failure when its settings are wrong, so that the policy below is never used.
Error refusal(const std::string& service, const Result<ServicePolicy>& policy) {
  return policy ? Error{} : with_context(policy.error(), "the service " + service + " is not called");
}

ServiceDescription with_policy(ServiceDescription description, ServicePolicy policy) {
  description.policy = std::move(policy);
  return description;
}

}  // namespace

struct ServiceConnections::Service {
  Service(const ServiceDescription& description, const Result<ServicePolicy>& loaded, HttpTransport& network,
          identity::TokenCredential& credential, const identity::CredentialServices& services)
      : setting_problem(loaded ? std::string() : loaded.error().message),
        policy(loaded ? *loaded : ServicePolicy{}),
        breaker(network, services.clock, services.log, description.name, policy.breaker),
        retrying(breaker, services.clock, services.jitter),
        bulkhead(retrying, services.clock, description.name, policy.bulkhead),
        bearer(bulkhead, credential,
               {.scopes = description.scopes, .follow_resource_challenge = description.follow_resource_challenge},
               services),
        refusing(refusal(description.name, loaded)),
        connection(loaded ? static_cast<HttpTransport&>(bearer) : refusing, with_policy(description, policy)) {}

  const std::string setting_problem;
  const ServicePolicy policy;
  CircuitBreakerTransport breaker;
  RetryingTransport retrying;
  BulkheadTransport bulkhead;
  identity::BearerTransport bearer;
  RefusingTransport refusing;
  ServiceConnection connection;
};

struct ServiceConnections::Target {
  std::string service;
  std::string url;
  /// None: a token cannot be asked for before the service has said what for.
  std::vector<std::string> scopes;
};

ServiceConnections::ServiceConnections(HttpTransport& network, identity::TokenCredential& credential,
                                       const identity::CredentialServices& services)
    : network_(network), credential_(credential), services_(services) {}

ServiceConnections::~ServiceConnections() {
  const MutexLock lock(mutex_);
  while (warm_ups_ > 0) warmed_up_.wait(mutex_);
}

ServiceConnection& ServiceConnections::connect(const ServiceDescription& description) {
  const MutexLock lock(mutex_);
  auto& service = connections_[description.name];
  if (!service) {
    const auto& name = description.name;
    const auto policy = load_service_policy(services_.environment, name,
                                            description.policy ? *description.policy : default_service_policy(name));
    if (!policy) {
      services_.log.error("a service is not called, as its settings are wrong",
                          {{"service", name}, {"error", policy.error().message}});
    }
    service = std::make_unique<Service>(description, policy, network_, credential_, services_);
  }
  return service->connection;
}

std::vector<ServiceState> ServiceConnections::states() const {
  const MutexLock lock(mutex_);
  std::vector<ServiceState> states;
  for (const auto& [name, service] : connections_) {
    states.push_back({.name = name,
                      .breaker = service->breaker.snapshot(),
                      .bulkhead = service->bulkhead.snapshot(),
                      .setting_problem = service->setting_problem});
  }
  return states;
}

void ServiceConnections::warm_up() {
  const auto wanted = load_warm_up(services_.environment);
  if (!wanted) services_.log.warning("warming up all the same", {{"error", wanted.error().message}});
  if (wanted && !*wanted) return;
  auto found = targets();
  if (found.empty()) return;
  {
    const MutexLock lock(mutex_);
    ++warm_ups_;
  }
  const bool posted = services_.executor.post("warm-up", [this, found = std::move(found)] {
    struct End {
      ServiceConnections& connections;
      ~End() { connections.end_warm_up(); }
    } const end{*this};
    warm_up(found);
  });
  if (!posted) end_warm_up();
}

void ServiceConnections::end_warm_up() {
  const MutexLock lock(mutex_);
  --warm_ups_;
  warmed_up_.notify_all();
}

std::vector<ServiceConnections::Target> ServiceConnections::targets() const {
  std::vector<Target> found;
  for (const KnownService& service : known_services()) {
    auto endpoint = find_service_endpoint(services_.environment, service.endpoint_setting);
    if (!endpoint) continue;
    found.push_back({std::string(service.name), std::move(endpoint->url), scopes_of(service)});
  }
  return found;
}

std::vector<std::string> ServiceConnections::scopes_of(const KnownService& service) const {
  const MutexLock lock(mutex_);
  const auto connected = connections_.find(service.name);
  if (connected != connections_.end()) return connected->second->connection.description().scopes;
  return {std::string(service.scope)};
}

void ServiceConnections::warm_up(const std::vector<Target>& targets) {
  const auto began = services_.clock.steady_now();
  services_.clock.sleep_for(kAfterStart);
  if (services_.clock.steady_now() - began < kAfterStart) return;  // the program is ending
  // A connection takes some round trips, a token may take seconds.
  for (const Target& target : targets) warm_connection_up(target);
  for (const Target& target : targets) warm_token_up(target);
}

// By the network itself: nothing of this may be repeated, or count for the breaker.
void ServiceConnections::warm_connection_up(const Target& target) {
  const auto reply = network_.send({.method = Method::kHead, .url = target.url},
                                   {.deadline = Deadline::after(services_.clock, kWarmUpLimit)});
  // Any reply will do: the connection stands.
  services_.log.debug(reply ? "connection warmed up" : "no connection to warm up",
                      {{"service", target.service}, {"error", reply ? "none" : reply.error().message}});
}

void ServiceConnections::warm_token_up(const Target& target) {
  if (target.scopes.empty()) return;
  const auto token = credential_.get_token({.scopes = target.scopes, .tenant_id = {}, .claims = {}, .enable_cae = true},
                                           Deadline::after(services_.clock, kWarmUpLimit));
  services_.log.debug(token ? "token warmed up" : "no token to warm up",
                      {{"service", target.service}, {"error", token ? "none" : token.error().to_error().message}});
}

}  // namespace azf::azure
