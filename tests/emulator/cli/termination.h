#pragma once

#include "emulator/wire/stream.h"

namespace azf::emulator {

/// How a command comes to its end: by SIGINT, SIGTERM or SIGHUP, or because a part of it gave up. To be made before
/// any other thread, so that all threads leave these signals to `wait`.
class Termination {
 public:
  /// Blocks the three signals for this thread and those it starts, and ignores SIGPIPE for the process.
  Termination();

  /// Makes `wait` return. From any thread.
  void report_failure();
  /// Waits for the end: true for a signal, false for a failure.
  [[nodiscard]] bool wait() const;

 private:
  FileDescriptor signals_;
  FileDescriptor failure_;
};

}  // namespace azf::emulator
