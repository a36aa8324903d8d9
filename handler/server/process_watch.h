#pragma once

#include <optional>
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
  /// host leaves its child behind when it is itself killed (azure-functions-host, EmptyProcessRegistry). Throws
  /// std::system_error if the system has no descriptors left.
  explicit ProcessWatch(bool watch_parent);
  ~ProcessWatch();
  ProcessWatch(const ProcessWatch&) = delete;
  ProcessWatch& operator=(const ProcessWatch&) = delete;

  /// For poll(2): readable whenever it is worth to ask `reason`, if only because a second has passed.
  [[nodiscard]] int descriptor() const { return events_; }

  /// The reason to stop, or nothing yet. Does not wait.
  std::optional<StopReason> reason();

  /// From now on a signal ends the process at once, with exit code 0.
  void exit_on_next_signal();

 private:
  int events_;
  int signals_;
  int timer_ = -1;
  pid_t parent_;
};

}  // namespace azf
