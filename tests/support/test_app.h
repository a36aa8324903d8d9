#pragma once

#include "azure/service_connections.h"
#include "core/environment.h"
#include "core/executor.h"
#include "core/json.h"
#include "http/exchange.h"
#include "http/message.h"
#include "http/retrying_transport.h"
#include "runtime/dispatcher.h"
#include "runtime/host_configuration.h"
#include "runtime/router.h"
#include "runtime/services.h"
#include "support/fake_clock.h"
#include "support/fake_credential.h"
#include "support/fake_process_runner.h"
#include "support/fake_transport.h"
#include "support/memory_log.h"

#include <map>
#include <string>
#include <string_view>

namespace azf::test {

/// The whole app as the server sees it, all its real functions included, over fake services; no socket, no file. The
/// prefix is `api`, every invocation without an id is called `test-invocation`.
class TestApp {
 public:
  /// With further app settings.
  explicit TestApp(const std::map<std::string, std::string>& settings = {});

  HttpResponse get(std::string target) const;
  HttpResponse post(std::string target, std::string body, std::string content_type = "application/json") const;
  HttpResponse send(const HttpRequest& request) const;
  /// Over an exchange of the test's own.
  HttpResponse send(const HttpRequest& request, const Exchange& exchange) const;
  /// What the host does for all that it does not forward: posts an envelope. The values of `data` are encoded as the
  /// host would encode them.
  HttpResponse invoke(std::string_view function, const Json& data) const;

  [[nodiscard]] const Router& router() const { return router_; }
  /// Those that the functions use.
  [[nodiscard]] azure::ServiceConnections& connections() { return connections_; }

  FakeClock clock;
  MemoryLogSink log_sink;
  FakeTransport http;
  FakeCredential credential{"FakeCredential"};

 private:
  const Logger log_{log_sink, clock, LogLevel::kDebug, LogFormat::kJson};
  const Environment environment_;
  const HostConfiguration configuration_{environment_, log_};
  RetryingTransport retrying_{http, clock};
  FakeProcessRunner processes_;
  ThreadExecutor executor_{log_};
  azure::ServiceConnections connections_{
      http, credential, {environment_, retrying_, clock, log_, processes_, executor_}};
  const Services services_{credential, http, connections_, clock, environment_, log_};
  const Router router_;
  const Dispatcher dispatcher_{router_, configuration_, clock, log_, [] { return std::string("test-invocation"); }};
};

/// A value as it stands in an envelope: objects as they are, all others as a string that holds their JSON text.
Json host_value(const Json& value);

/// The body of a response; the test fails if it is not JSON.
Json json_body(const HttpResponse& response);

}  // namespace azf::test
