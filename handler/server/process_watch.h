#pragma once

#include <string_view>
#include <sys/types.h>

namespace azf {

enum class StopReason {
  kSignal,        ///< SIGINT or SIGTERM
  kParentDied,    ///< the process that started this one is gone
  kOutputClosed,  ///< nobody reads the pipe behind standard output any more
};

/// `signal`, `parent process ended`, `standard output closed`.
std::string_view to_string(StopReason reason);

/// Notices why a handler should end. Construct it before any thread is started: it blocks SIGINT and SIGTERM in the
/// calling thread, which later threads inherit, so that signals are read here and interrupt nothing. It also ignores
/// SIGPIPE. Used by one thread.
class ProcessWatch {
 public:
  /// `watch_parent`: end with the parent too. That is for a handler that the Functions host has started: on Linux the
  /// host leaves its child behind when it is itself killed (azure-functions-host, EmptyProcessRegistry).
  explicit ProcessWatch(bool watch_parent);
  ~ProcessWatch();
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;

  /// Blocks until there is a reason to stop. Parent and output are looked at every second.
  StopReason wait();

  /// From now on a signal ends the process at once, with exit code 0.
  void exit_on_next_signal();

 private:
  int signals_;
  bool watch_parent_;
  pid_t parent_;
};

}  // namespace azf
