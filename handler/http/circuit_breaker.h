#pragma once

#include "core/clock.h"
#include "core/log.h"
#include "core/mutex.h"
#include "http/transport.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace azf {

/// When a service counts as down. Value.
struct BreakerPolicy {
  /// Failed tries in a row after which nothing is sent for a while; 0: never.
  int failures = 10;
  /// How long that is, until one request may try.
  std::chrono::milliseconds open_for{15'000};
  /// Replies that are failures.
  std::vector<int> statuses{500, 502, 503, 504};
  /// Whether a request that was sent and not answered in time is a failure. Not where it is the caller's doing how long
  /// a reply takes.
  bool slow_replies_count = true;
};

enum class BreakerState {
  kClosed,    ///< requests are sent
  kOpen,      ///< requests fail at once
  kHalfOpen,  ///< the next request is sent, or one is under way; others fail at once until it has ended
};

/// `closed`, `open`, `half-open`.
std::string_view to_string(BreakerState state);

/// Value.
struct BreakerSnapshot {
  BreakerState state = BreakerState::kClosed;
  /// In a row, up to now.
  int failures = 0;
  /// What the latest failure was, such as `timeout` or `status 503`; empty before the first.
  std::string last_failure{};
  /// While it is open: when the next request may try.
  std::chrono::milliseconds next_trial_in{0};

  friend bool operator==(const BreakerSnapshot&, const BreakerSnapshot&) = default;
};

/// Sends through another transport, unless the service behind it is down: it would only make its callers wait, and be
/// pressed while it recovers. Failures are tries without a reply (`kTransport`, `kTimeout`) and replies of some
/// statuses; other replies, such as 429, show that the service is there. `kCancelled`, errors of our own making, those
/// of a receiver and time-outs below a second, which the caller's deadline causes, say nothing either way. Requests
/// that are not sent fail with `kTransport`, `Repetition::kInVain`. Logs when it opens and closes. Thread-safe.
class CircuitBreakerTransport final : public HttpTransport {
 public:
  /// `inner`, `clock` and `log` must outlive this object. `service` is the name for messages.
  CircuitBreakerTransport(HttpTransport& inner, const Clock& clock, const Logger& log, std::string service,
                          BreakerPolicy policy);

  Result<HttpResponse> send(const HttpRequest& request, const SendOptions& options) override;

  [[nodiscard]] BreakerSnapshot snapshot() const;

 private:
  class Passage;
  class Watch;

  /// The number of the current phase, between two changes of state; an outcome counts only in the phase that its
  /// request began in.
  Result<std::uint64_t> enter();
  void succeed(std::uint64_t phase);
  void fail(std::uint64_t phase, std::string what);
  /// Neither: whoever comes next may try.
  void leave(std::uint64_t phase);

  [[nodiscard]] BreakerState state(SteadyTime now) const REQUIRES(mutex_);
  [[nodiscard]] bool is_failure(const HttpResponse& reply) const;
  [[nodiscard]] bool is_failure(const Error& error, std::chrono::nanoseconds duration) const;

  HttpTransport& inner_;
  const Clock& clock_;
  const Logger& log_;
  const std::string service_;
  const BreakerPolicy policy_;

  mutable Mutex mutex_;
  std::uint64_t phase_ GUARDED_BY(mutex_) = 0;
  bool closed_ GUARDED_BY(mutex_) = true;
  bool trial_under_way_ GUARDED_BY(mutex_) = false;
  SteadyTime open_until_ GUARDED_BY(mutex_){};
  int failures_ GUARDED_BY(mutex_) = 0;
  std::string last_failure_ GUARDED_BY(mutex_);
};

}  // namespace azf
