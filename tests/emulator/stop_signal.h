#pragma once

#include "core/clock.h"
#include "core/mutex.h"

namespace azf::emulator {

/// Tells everything that waits that the emulator ends. Thread-safe.
class StopSignal {
 public:
  void request_stop();
  [[nodiscard]] bool stop_requested() const;
  /// Waits until the stop is requested (true) or the deadline passes (false).
  bool wait(Deadline deadline) const;

 private:
  mutable Mutex mutex_;
  mutable ConditionVariable changed_;
  bool stopping_ GUARDED_BY(mutex_) = false;
};

}  // namespace azf::emulator
