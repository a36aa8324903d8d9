#include "http/bulkhead.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

namespace azf {
namespace {

// How often one that waits looks whether its caller is still there.
constexpr std::chrono::milliseconds kLookAfter{200};

}  // namespace

// Leaves when it ends.
class BulkheadTransport::Place {
 public:
  explicit Place(BulkheadTransport& bulkhead) : bulkhead_(bulkhead) {}
  ~Place() { bulkhead_.leave(); }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

 private:
  BulkheadTransport& bulkhead_;
};

// Waits no more when it ends.
class BulkheadTransport::Waiter {
 public:
  Waiter(BulkheadTransport& bulkhead, Queue::iterator self) : bulkhead_(bulkhead), self_(self) {}
  ~Waiter() { bulkhead_.stop_waiting(self_); }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;

 private:
  BulkheadTransport& bulkhead_;
  const Queue::iterator self_;
};

BulkheadTransport::BulkheadTransport(HttpTransport& inner, const Clock& clock, std::string service,
                                     BulkheadPolicy policy)
    : inner_(inner), clock_(clock), service_(std::move(service)), policy_(policy) {
  if (policy_.max_concurrent == 0) throw std::logic_error("BulkheadTransport: nothing would ever be sent");
}

Result<HttpResponse> BulkheadTransport::send(const HttpRequest& request, const SendOptions& options) {
  if (auto entered = enter(options); !entered) return std::move(entered).error();
  const Place place(*this);
  return inner_.send(request, options);
}

BulkheadSnapshot BulkheadTransport::snapshot() const {
  const MutexLock lock(mutex_);
  return {in_flight_, waiting_.size()};
}

Result<Success> BulkheadTransport::enter(const SendOptions& options) {
  const auto busy = [this] {
    return "as many calls to the service " + service_ + " as there may be (" + std::to_string(policy_.max_concurrent) +
           ") are under way";
  };
  Queue::iterator self;
  {
    const MutexLock lock(mutex_);
    if (has_room() && waiting_.empty()) {
      ++in_flight_;
      return Success{};
    }
    if (waiting_.size() >= policy_.max_waiting) {
      return Error{ErrorKind::kTransport,
                   busy() + ", and others wait (" + std::to_string(waiting_.size()) + "); not sent",
                   Repetition::kInVain};
    }
    self = waiting_.emplace(waiting_.end());
  }
  const Waiter waiter(*this, self);
  while (true) {
    const auto left = options.deadline.remaining(clock_);
    if (left <= left.zero()) {
      return Error{ErrorKind::kTimeout, busy() + "; not sent within the time allowed", Repetition::kInVain};
    }
    if (options.cancelled && options.cancelled()) {
      return Error{ErrorKind::kCancelled, "ended, because whoever asked for it has gone"};
    }
    if (take_turn(self, std::min<std::chrono::nanoseconds>(left, kLookAfter))) return Success{};
  }
}

void BulkheadTransport::leave() {
  const MutexLock lock(mutex_);
  --in_flight_;
  wake_first();
}

bool BulkheadTransport::take_turn(Queue::iterator waiter, std::chrono::nanoseconds limit) {
  const MutexLock lock(mutex_);
  if (waiter != waiting_.begin() || !has_room()) waiter->wait_for(mutex_, limit);
  if (waiter != waiting_.begin() || !has_room()) return false;
  ++in_flight_;
  return true;
}

void BulkheadTransport::stop_waiting(Queue::iterator waiter) {
  const MutexLock lock(mutex_);
  waiting_.erase(waiter);
  wake_first();
}

void BulkheadTransport::wake_first() {
  if (has_room() && !waiting_.empty()) waiting_.front().notify_one();
}

}  // namespace azf
