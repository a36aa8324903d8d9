#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "core/result.h"
#include "http/exchange.h"
#include "http/message.h"
#include "runtime/problem.h"

#include <string_view>

namespace azf::functions {

/// Sends server-sent events (WHATWG HTML, "Server-sent events") to the caller of a function, each at once. Begins the
/// response with the first event, so that what fails before can still be answered by a status. Used by one thread.
class EventStream {
 public:
  enum class Origin { kService, kStandIn };

  /// With `kStandIn` head and last event say that they come of one. All must outlive this object.
  EventStream(ResponseWriter& response, const Clock& clock, Origin origin)
      : response_(response), clock_(clock), origin_(origin) {}

  /// `type` is one line. Fails with `kCancelled` when the caller has gone.
  Result<Success> send(std::string_view type, const Json& data);

  /// Sends the last event of a stream that worked, `done`, and gives what the function then returns.
  Result<HttpResponse> finish(Json data);
  /// Sends the last event of a stream that failed, `error`, likewise; its data is the problem's document.
  Result<HttpResponse> fail(const Problem& problem, std::string_view invocation_id);

  /// Whether the caller has gone. To be asked about once a second while nothing is sent: where that lasts, it sends a
  /// comment, since proxies give up connections on which nothing moves.
  bool abandoned();

  [[nodiscard]] bool begun() const { return response_.begun(); }

 private:
  Result<HttpResponse> end(std::string_view type, Json data);
  Result<Success> write(std::string_view text);

  ResponseWriter& response_;
  const Clock& clock_;
  const Origin origin_;
  SteadyTime last_write_{};
};

}  // namespace azf::functions
