#pragma once

#include "core/mutex.h"

#include <chrono>
#include <optional>

namespace azf {

using SystemTime = std::chrono::system_clock::time_point;
using SteadyTime = std::chrono::steady_clock::time_point;

/// Both clocks at one moment. Value.
struct ClockReading {
  SystemTime system;
  SteadyTime steady;
};

/// The only source of time and of sleep in the program, so that tests decide both. Implementations are thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;

  /// Wall clock: for what is shown or compared with a server's time. It may jump.
  [[nodiscard]] virtual SystemTime system_now() const = 0;
  /// Monotonic clock: for deadlines and durations.
  [[nodiscard]] virtual SteadyTime steady_now() const = 0;
  /// Both clocks, up to some milliseconds old: for what is checked very often.
  [[nodiscard]] virtual ClockReading coarse_now() const = 0;
  /// Blocks the calling thread for `duration`; returns at once if it is not positive. May return early when the
  /// program ends, so a caller asks again what it waited for.
  virtual void sleep_for(std::chrono::nanoseconds duration) const = 0;
};

/// The machine's clocks.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] SystemTime system_now() const override;
  [[nodiscard]] SteadyTime steady_now() const override;
  [[nodiscard]] ClockReading coarse_now() const override;
  void sleep_for(std::chrono::nanoseconds duration) const override;

  /// All sleeps under way return now, and later ones at once: for the end of the program. Stop first what would go on
  /// without its waits, such as `CurlTransport` below a retry loop.
  void end_sleeps();

 private:
  mutable Mutex mutex_;
  mutable ConditionVariable ended_;
  bool sleepless_ GUARDED_BY(mutex_) = false;
};

/// The instant, on the monotonic clock, at which a call gives up. Calls that may wait take one. Value.
class Deadline {
 public:
  /// A call that may wait as long as its own time-outs allow.
  static Deadline never() { return Deadline(); }
  static Deadline at(SteadyTime instant) { return Deadline(instant); }
  static Deadline after(const Clock& clock, std::chrono::nanoseconds duration);

  [[nodiscard]] bool passed(const Clock& clock) const { return remaining(clock) <= std::chrono::nanoseconds::zero(); }
  /// Time left, never negative; `nanoseconds::max()` for `never()`.
  [[nodiscard]] std::chrono::nanoseconds remaining(const Clock& clock) const;
  /// The instant, or nothing for `never()`.
  [[nodiscard]] std::optional<SteadyTime> instant() const { return instant_; }
  /// The earlier of this deadline and `duration` from now.
  [[nodiscard]] Deadline or_sooner(const Clock& clock, std::chrono::nanoseconds duration) const;

 private:
  Deadline() = default;
  explicit Deadline(SteadyTime instant) : instant_(instant) {}

  std::optional<SteadyTime> instant_;
};

}  // namespace azf
