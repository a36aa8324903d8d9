#include "http/circuit_breaker.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace azf {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A time-out below it is the caller's haste.
constexpr seconds kPatience{1};

std::string in_seconds(std::chrono::nanoseconds duration) {
  return std::to_string(std::chrono::ceil<seconds>(duration).count()) + " s";
}

}  // namespace

std::string_view to_string(BreakerState state) {
  switch (state) {
    case BreakerState::kClosed: return "closed";
    case BreakerState::kOpen: return "open";
    case BreakerState::kHalfOpen: return "half-open";
  }
  return "unknown";
}

// One request that was let through. It tells its outcome, or its end says that there was none.
class CircuitBreakerTransport::Passage {
 public:
  Passage(CircuitBreakerTransport& breaker, std::uint64_t phase) : breaker_(breaker), phase_(phase) {}
  ~Passage() { breaker_.leave(phase_); }
  Passage(const Passage&) = delete;
  Passage& operator=(const Passage&) = delete;

  void succeed() { breaker_.succeed(phase_); }
  void fail(std::string what) { breaker_.fail(phase_, std::move(what)); }

 private:
  CircuitBreakerTransport& breaker_;
  const std::uint64_t phase_;
};

// Sees the head of a reply that may last for minutes, so that others need not wait for its end.
class CircuitBreakerTransport::Watch final : public ReplyReceiver {
 public:
  Watch(const CircuitBreakerTransport& breaker, Passage& passage, ReplyReceiver* inner)
      : breaker_(breaker), passage_(passage), inner_(inner) {}

  bool begin(const HttpResponse& head) override {
    if (!breaker_.is_failure(head)) passage_.succeed();
    return inner_->begin(head);
  }
  Result<Success> receive(std::string_view bytes) override {
    auto outcome = inner_->receive(bytes);
    refused_ = !outcome;
    return outcome;
  }

  /// Whether it was the receiver that ended the reply.
  [[nodiscard]] bool refused() const { return refused_; }

 private:
  const CircuitBreakerTransport& breaker_;
  Passage& passage_;
  ReplyReceiver* const inner_;
  bool refused_ = false;
};

CircuitBreakerTransport::CircuitBreakerTransport(HttpTransport& inner, const Clock& clock, const Logger& log,
                                                 std::string service, BreakerPolicy policy)
    : inner_(inner), clock_(clock), log_(log), service_(std::move(service)), policy_(std::move(policy)) {}

Result<HttpResponse> CircuitBreakerTransport::send(const HttpRequest& request, const SendOptions& options) {
  const auto phase = enter();
  if (!phase) return phase.error();
  Passage passage(*this, *phase);
  Watch watch(*this, passage, options.receiver);
  std::optional<SendOptions> watched;  // a copy only where there is something to watch
  if (options.receiver != nullptr) watched.emplace(options).receiver = &watch;

  const auto began = clock_.steady_now();
  auto outcome = inner_.send(request, watched ? *watched : options);
  if (outcome) {
    is_failure(*outcome) ? passage.fail("status " + std::to_string(outcome->status)) : passage.succeed();
  } else if (!watch.refused() && is_failure(outcome.error(), clock_.steady_now() - began)) {
    passage.fail(std::string(to_string(outcome.error().kind)));
  }
  return outcome;
}

BreakerSnapshot CircuitBreakerTransport::snapshot() const {
  const auto now = clock_.steady_now();
  const MutexLock lock(mutex_);
  const auto state_now = state(now);
  return {.state = state_now,
          .failures = failures_,
          .last_failure = last_failure_,
          .next_trial_in = state_now == BreakerState::kOpen ? std::chrono::ceil<milliseconds>(open_until_ - now)
                                                            : milliseconds::zero()};
}

Result<std::uint64_t> CircuitBreakerTransport::enter() {
  const auto now = clock_.steady_now();
  const MutexLock lock(mutex_);
  const auto state_now = state(now);
  if (state_now == BreakerState::kClosed) return phase_;
  if (state_now == BreakerState::kHalfOpen && !std::exchange(trial_under_way_, true)) return phase_;
  const std::string what = "the service " + service_ + " is taken for down, as " + std::to_string(failures_) +
                           " calls in a row failed, the last by " + last_failure_ + "; not sent, ";
  return Error{ErrorKind::kTransport,
               what + (state_now == BreakerState::kOpen ? "the next trial is in " + in_seconds(open_until_ - now)
                                                        : "a trial is under way"),
               Repetition::kInVain};
}

void CircuitBreakerTransport::succeed(std::uint64_t phase) {
  const MutexLock lock(mutex_);
  if (phase != phase_) return;
  failures_ = 0;
  if (std::exchange(closed_, true)) return;
  trial_under_way_ = false;
  ++phase_;
  log_.info("a service is back", {{"service", service_}});
}

void CircuitBreakerTransport::fail(std::uint64_t phase, std::string what) {
  const auto now = clock_.steady_now();
  const MutexLock lock(mutex_);
  if (phase != phase_) return;
  ++failures_;
  last_failure_ = std::move(what);
  if (closed_ && (policy_.failures == 0 || failures_ < policy_.failures)) return;
  closed_ = false;
  trial_under_way_ = false;
  open_until_ = now + policy_.open_for;
  ++phase_;
  log_.warning("a service is taken for down", {{"service", service_},
                                               {"failures", std::to_string(failures_)},
                                               {"last_failure", last_failure_},
                                               {"next_trial_in", in_seconds(policy_.open_for)}});
}

void CircuitBreakerTransport::leave(std::uint64_t phase) {
  const MutexLock lock(mutex_);
  if (phase == phase_) trial_under_way_ = false;
}

BreakerState CircuitBreakerTransport::state(SteadyTime now) const {
  if (closed_) return BreakerState::kClosed;
  return now < open_until_ ? BreakerState::kOpen : BreakerState::kHalfOpen;
}

bool CircuitBreakerTransport::is_failure(const HttpResponse& reply) const {
  return std::ranges::find(policy_.statuses, reply.status) != policy_.statuses.end();
}

bool CircuitBreakerTransport::is_failure(const Error& error, std::chrono::nanoseconds duration) const {
  if (error.repetition == Repetition::kInVain) return false;
  if (error.kind != ErrorKind::kTimeout) return error.kind == ErrorKind::kTransport;
  return duration >= kPatience && (policy_.slow_replies_count || error.repetition == Repetition::kSafe);
}

}  // namespace azf
