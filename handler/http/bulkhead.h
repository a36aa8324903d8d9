#pragma once

#include "core/clock.h"
#include "core/mutex.h"
#include "http/transport.h"

#include <chrono>
#include <cstddef>
#include <list>
#include <string>

namespace azf {

/// How much of the program one service may take up. Value.
struct BulkheadPolicy {
  /// Requests at once.
  std::size_t max_concurrent = 64;
  /// Requests that wait for their turn; further ones fail at once.
  std::size_t max_waiting = 128;
};

/// Value.
struct BulkheadSnapshot {
  std::size_t in_flight = 0;
  std::size_t waiting = 0;

  friend bool operator==(const BulkheadSnapshot&, const BulkheadSnapshot&) = default;
};

/// Sends so many requests at once and no more through another transport, so that a slow service cannot take the threads
/// and connections of everything else. Others wait, in the order in which they came, until their deadline: `kTimeout`.
/// Where too many wait, it is `kTransport` at once. Both with `Repetition::kInVain`. Thread-safe.
class BulkheadTransport final : public HttpTransport {
 public:
  /// `inner` and `clock` must outlive this object. `service` is the name for messages. `max_concurrent` is at least 1.
  BulkheadTransport(HttpTransport& inner, const Clock& clock, std::string service, BulkheadPolicy policy);

  Result<HttpResponse> send(const HttpRequest& request, const SendOptions& options) override;

  [[nodiscard]] BulkheadSnapshot snapshot() const;

 private:
  using Queue = std::list<ConditionVariable>;
  class Place;
  class Waiter;

  Result<Success> enter(const SendOptions& options);
  void leave();
  /// Whether it is the turn of one that waits now, or within `limit`; then it has entered.
  bool take_turn(Queue::iterator waiter, std::chrono::nanoseconds limit);
  void stop_waiting(Queue::iterator waiter);
  [[nodiscard]] bool has_room() const REQUIRES(mutex_) { return in_flight_ < policy_.max_concurrent; }
  void wake_first() REQUIRES(mutex_);

  HttpTransport& inner_;
  const Clock& clock_;
  const std::string service_;
  const BulkheadPolicy policy_;

  mutable Mutex mutex_;
  std::size_t in_flight_ GUARDED_BY(mutex_) = 0;
  Queue waiting_ GUARDED_BY(mutex_);
};

}  // namespace azf
