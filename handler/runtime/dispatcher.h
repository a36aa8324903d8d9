#pragma once

#include "core/clock.h"
#include "core/guid.h"
#include "core/log.h"
#include "http/exchange.h"
#include "http/message.h"
#include "runtime/host_configuration.h"
#include "runtime/router.h"

#include <string_view>

namespace azf {

/// From request to response: finds the function that the host means, runs it, and turns whatever comes of it into a
/// reply that the host understands. The host speaks two dialects on one port: requests that it forwards as they are,
/// and JSON envelopes by POST to `/<FunctionName>`. Writes one line for each invocation to the log: function, status
/// and duration, never a query. Thread-safe; without state of its own.
class Dispatcher {
 public:
  /// All references must outlive this object. `new_invocation_id` is for invocations that came without one, as when
  /// somebody tries the handler without a host.
  Dispatcher(const Router& router, const HostConfiguration& configuration, const Clock& clock, const Logger& log,
             GuidSource new_invocation_id = random_guid);

  /// Whether the request is the host's probe: `GET /` without an invocation id.
  static bool is_probe(const HttpRequest& request);

  /// Whether the function of this request reads its body from the exchange, so that it must not be awaited. The request
  /// need not have its body yet.
  [[nodiscard]] bool streams_body(const HttpRequest& request) const;

  /// The response to a request, unless the function has already sent its own through the exchange, whose response is
  /// begun then. An exception that leaves a function is logged, and answered 500 without its text. The host's probe
  /// (`GET /` without an invocation id) is answered before anything else, and not logged. Throws std::bad_alloc where
  /// memory is too short for the request outside of its function, and nothing else.
  [[nodiscard]] HttpResponse handle(const HttpRequest& request, const Exchange& exchange) const;

 private:
  class Call;

  [[nodiscard]] RouteMatch match(const HttpRequest& request) const;

  const Router& router_;
  const HostConfiguration& configuration_;
  const Clock& clock_;
  const Logger& log_;
  const GuidSource new_invocation_id_;
};

}  // namespace azf
