#pragma once

#include "core/clock.h"
#include "core/mutex.h"

#include <vector>

namespace azf::test {

/// A clock that moves only when told: by `advance`, or by `sleep_for`, which returns at once, moves both clocks by
/// the duration and remembers it. Thread-safe. It begins at 2026-01-02T03:04:05Z.
class FakeClock final : public Clock {
 public:
  FakeClock();

  [[nodiscard]] SystemTime system_now() const override;
  [[nodiscard]] SteadyTime steady_now() const override;
  [[nodiscard]] ClockReading coarse_now() const override;
  void sleep_for(std::chrono::nanoseconds duration) const override;

  /// Time passes.
  void advance(std::chrono::nanoseconds duration);
  /// Somebody sets the wall clock; the monotonic clock does not notice.
  void jump_wall_clock(std::chrono::nanoseconds by);
  /// All sleeps so far, in order.
  [[nodiscard]] std::vector<std::chrono::nanoseconds> sleeps() const;

 private:
  mutable Mutex mutex_;
  mutable SystemTime system_ GUARDED_BY(mutex_);
  mutable SteadyTime steady_ GUARDED_BY(mutex_);
  mutable std::vector<std::chrono::nanoseconds> sleeps_ GUARDED_BY(mutex_);
};

}  // namespace azf::test
