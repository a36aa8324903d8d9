#pragma once

#include "core/clock.h"
#include "http/transport.h"

#include <chrono>
#include <functional>
#include <optional>

namespace azf {

/// How long a reply asks us to wait, the more exact header first: `retry-after-ms`, `x-ms-retry-after-ms`,
/// `Retry-After` (seconds or HTTP date). Nothing for no wish, for a malformed one, and for one that is over already: to
/// repeat without any wait would help nobody.
std::optional<std::chrono::milliseconds> requested_delay(const Headers& headers, SystemTime now);

/// A random number in [0, 1), from the system's source of randomness; thread-safe. The usual jitter of
/// `RetryingTransport`.
double random_fraction();

/// Sends through another transport, and again as `SendOptions::retry` and `repeatable` say. A reply's `x-should-retry:
/// true` makes it one of those to repeat, `false` the last. Each try gets the options unchanged. A
/// wait that would end after the deadline or after `RetryPolicy::total_limit` is not begun: the last outcome is
/// returned at once. The waits are `Clock::sleep_for`, so `SystemClock::end_sleeps` ends them, and end by
/// `SendOptions::cancelled`. When several tries ended
/// without a reply, the error says how many. Thread-safe if `inner` and `jitter` are.
class RetryingTransport final : public HttpTransport {
 public:
  /// `jitter` gives numbers in [0, 1) that spread the waits of many clients. `inner` and `clock` must outlive this
  /// object.
  RetryingTransport(HttpTransport& inner, const Clock& clock, std::function<double()> jitter = random_fraction);

  Result<HttpResponse> send(const HttpRequest& request, const SendOptions& options) override;

 private:
  /// False where whoever asked for the request has gone meanwhile.
  [[nodiscard]] bool wait(std::chrono::milliseconds delay, const SendOptions& options) const;

  HttpTransport& inner_;
  const Clock& clock_;
  const std::function<double()> jitter_;
};

}  // namespace azf
