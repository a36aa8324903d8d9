#include "emulator/stop_signal.h"

namespace azf::emulator {

void StopSignal::request_stop() {
  const MutexLock lock(mutex_);
  stopping_ = true;
  changed_.notify_all();
}

bool StopSignal::stop_requested() const {
  const MutexLock lock(mutex_);
  return stopping_;
}

bool StopSignal::wait(Deadline deadline) const {
  const MutexLock lock(mutex_);
  while (!stopping_) {
    if (!deadline.instant()) {
      changed_.wait(mutex_);
    } else if (!changed_.wait_until(mutex_, *deadline.instant())) {
      break;
    }
  }
  return stopping_;
}

}  // namespace azf::emulator
