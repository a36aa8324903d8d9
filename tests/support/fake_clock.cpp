#include "support/fake_clock.h"

namespace azf::test {

using std::chrono::nanoseconds;
using std::chrono::seconds;

FakeClock::FakeClock() : system_(seconds(1767323045)), steady_(seconds(1000)) {}

SystemTime FakeClock::system_now() const {
  const MutexLock lock(mutex_);
  return system_;
}

SteadyTime FakeClock::steady_now() const {
  const MutexLock lock(mutex_);
  return steady_;
}

ClockReading FakeClock::coarse_now() const {
  const MutexLock lock(mutex_);
  return {system_, steady_};
}

void FakeClock::sleep_for(nanoseconds duration) const {
  const MutexLock lock(mutex_);
  sleeps_.push_back(duration);
  if (duration <= nanoseconds::zero()) return;
  system_ += duration;
  steady_ += duration;
}

void FakeClock::advance(nanoseconds duration) {
  const MutexLock lock(mutex_);
  system_ += duration;
  steady_ += duration;
}

void FakeClock::jump_wall_clock(nanoseconds by) {
  const MutexLock lock(mutex_);
  system_ += by;
}

std::vector<nanoseconds> FakeClock::sleeps() const {
  const MutexLock lock(mutex_);
  return sleeps_;
}

}  // namespace azf::test
