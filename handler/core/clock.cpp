#include "core/clock.h"

#include <algorithm>
#include <ctime>

namespace azf {

SystemTime SystemClock::system_now() const { return std::chrono::system_clock::now(); }
SteadyTime SystemClock::steady_now() const { return std::chrono::steady_clock::now(); }

// A quarter of the price of the exact clocks; they move with each tick of the kernel, 1 to 10 ms. Within one tick of
// the monotonic clock the wall clock need not be read again.
ClockReading SystemClock::coarse_now() const {
  const auto since_epoch = [](clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
  };
  thread_local ClockReading last{};
  const SteadyTime steady(since_epoch(CLOCK_MONOTONIC_COARSE));
  if (steady != last.steady) last = {SystemTime(since_epoch(CLOCK_REALTIME_COARSE)), steady};
  return last;
}

namespace {

// Adds without overflow: a caller may say "practically for ever" by a huge duration.
SteadyTime later(SteadyTime now, std::chrono::nanoseconds duration) {
  const auto room = SteadyTime::max() - now;
  return duration >= room ? SteadyTime::max() : now + duration;
}

}  // namespace

void SystemClock::sleep_for(std::chrono::nanoseconds duration) const {
  if (duration <= std::chrono::nanoseconds::zero()) return;
  const SteadyTime end = later(steady_now(), duration);
  const MutexLock lock(mutex_);
  while (!sleepless_ && ended_.wait_until(mutex_, end)) {
  }
}

void SystemClock::end_sleeps() {
  const MutexLock lock(mutex_);
  sleepless_ = true;
  ended_.notify_all();
}

Deadline Deadline::after(const Clock& clock, std::chrono::nanoseconds duration) {
  return Deadline(later(clock.steady_now(), duration));
}

std::chrono::nanoseconds Deadline::remaining(const Clock& clock) const {
  if (!instant_) return std::chrono::nanoseconds::max();
  return std::max(std::chrono::nanoseconds(*instant_ - clock.steady_now()), std::chrono::nanoseconds::zero());
}

Deadline Deadline::or_sooner(const Clock& clock, std::chrono::nanoseconds duration) const {
  const SteadyTime other = later(clock.steady_now(), duration);
  return Deadline(instant_ ? std::min(*instant_, other) : other);
}

}  // namespace azf
