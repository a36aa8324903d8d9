#pragma once

#include "core/clock.h"
#include "core/mutex.h"
#include "core/result.h"
#include "emulator/host/console_line.h"
#include "emulator/host/launch.h"
#include "emulator/wire/stream.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <thread>

namespace azf::emulator {

/// A running handler: standard input inherited, both output streams read line by line through pipes. Thread-safe.
class HandlerProcess {
 public:
  /// Called with every line, without its end, by a thread of this object; invalid UTF-8 is passed as it is.
  using LineReader = std::function<void(OutputStream, std::string_view)>;
  /// Called once, when the process has ended and all its lines were passed on, by a thread of this object. A signal n
  /// counts as exit code 128 + n, as .NET reports it.
  using ExitObserver = std::function<void(int exit_code)>;

  /// `kNotFound` or `kInternal` when the program cannot be started.
  static Result<std::unique_ptr<HandlerProcess>> start(const LaunchCommand& command, LineReader on_line,
                                                       ExitObserver on_exit);
  HandlerProcess(const HandlerProcess&) = delete;
  HandlerProcess& operator=(const HandlerProcess&) = delete;
  /// Kills the process if it still runs, and waits for its end.
  ~HandlerProcess();

  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Sends a signal; nothing happens when the process has ended.
  void send_signal(int number);

 private:
  HandlerProcess(pid_t pid, FileDescriptor out, FileDescriptor err, FileDescriptor end_writer,
                 FileDescriptor end_reader, LineReader on_line, ExitObserver on_exit);
  void read_lines();
  void wait_for_exit();

  const pid_t pid_;
  const FileDescriptor out_;
  const FileDescriptor err_;
  // Closed when the process has ended: a grandchild may hold the pipes open for longer.
  FileDescriptor end_writer_;
  const FileDescriptor end_reader_;
  const LineReader on_line_;
  const ExitObserver on_exit_;

  Mutex mutex_;
  bool reaped_ GUARDED_BY(mutex_) = false;

  std::thread line_thread_;
  std::thread exit_thread_;
};

}  // namespace azf::emulator
