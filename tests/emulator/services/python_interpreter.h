#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "core/mutex.h"
#include "core/result.h"
#include "emulator/wire/stream.h"

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <sys/types.h>

namespace azf::emulator {

/// What came of running some code. Value.
struct Execution {
  enum class End {
    kDone,
    kRaised,   ///< an exception went through, which `error_name` and `error_message` name
    kTimeout,  ///< the interpreter was ended, and with it all variables
    kCrashed,  ///< the interpreter ended by itself, as by `os._exit` or because of a limit
  };
  End end = End::kDone;
  /// Cut at `PythonInterpreter::kOutputLimit` bytes each.
  std::string standard_output;
  std::string standard_error;
  /// The value of the last expression: as JSON where it can be, else its `repr`. Null when there is none.
  Json result;
  std::string error_name;
  std::string error_message;
  std::chrono::milliseconds duration{0};
};

/// A Python process that runs one piece of code after the other and keeps their variables, in a folder of its own. It
/// begins with the first code, and anew after a time-out or a crash.
///
/// The process has no variables of ours, no file but its pipes, its own process group, bounds for memory, size of
/// files, open files, processes and time; where the system permits it to a plain user it has no network (namespaces),
/// and Python's own sockets are refused in any case. It is no sandbox against code that means harm: it runs as the
/// user who started the emulator, and can read what that user can. Thread-safe; one piece of code at a time.
class PythonInterpreter {
 public:
  static constexpr std::size_t kOutputLimit = 128 * 1024;

  /// `folder` exists and becomes the working directory. `clock` outlives the interpreter.
  PythonInterpreter(std::filesystem::path folder, const Clock& clock);
  PythonInterpreter(const PythonInterpreter&) = delete;
  PythonInterpreter& operator=(const PythonInterpreter&) = delete;
  ~PythonInterpreter();

  /// Runs code to its end or to its time-out. `kNotFound` when there is no python3, `kInternal` when it does not start.
  Result<Execution> run(const std::string& code, std::chrono::seconds timeout);
  /// Ends the process and what it started; from another thread, the code under way ends as crashed. Later code fails
  /// with `kCancelled`.
  void stop();

 private:
  struct Child;

  [[nodiscard]] Result<Success> start() REQUIRES(turn_);
  void end_child() REQUIRES(turn_);

  const std::filesystem::path folder_;
  const Clock& clock_;

  // Held for as long as code runs.
  Mutex turn_;
  std::unique_ptr<Child> child_ GUARDED_BY(turn_);

  Mutex mutex_;
  // 0 when there is no process.
  pid_t pid_ GUARDED_BY(mutex_) = 0;
  bool stopped_ GUARDED_BY(mutex_) = false;
};

}  // namespace azf::emulator
