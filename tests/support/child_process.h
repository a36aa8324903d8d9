#pragma once

#include "core/mutex.h"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace azf::test {

/// How a child process is started.
struct ChildOptions {
  std::vector<std::string> arguments;
  /// The whole environment of the child, nothing is inherited.
  std::map<std::string, std::string> environment;
  /// Empty: the current directory.
  std::string directory;
  /// By resource, such as RLIMIT_NOFILE.
  std::map<int, rlimit> limits{};
};

/// A child process with its standard output and error on pipes, as the Functions host has them. Both are read in the
/// background. Killed and reaped when this object dies. Fails by throwing std::system_error.
class ChildProcess {
 public:
  ChildProcess(const std::string& program, ChildOptions options);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  void signal(int number) const;
  /// Waits for the end and for the last of the output; the exit code, 128 + n after signal n, or nothing if it still
  /// runs after `limit`.
  std::optional<int> wait(std::chrono::milliseconds limit = std::chrono::seconds(30));

  /// What the child has written so far.
  [[nodiscard]] std::string standard_output() const;
  [[nodiscard]] std::string standard_error() const;
  /// Waits until `text` stands in the output; false if it does not within `limit`, or the output ends without it.
  [[nodiscard]] bool wait_for_output(std::string_view text,
                                     std::chrono::milliseconds limit = std::chrono::seconds(30)) const;
  /// Stops reading and closes the pipe of standard output: the next write of the child fails.
  void close_standard_output();

 private:
  struct Pipe {
    int reading = -1;
    int cancel = -1;
    std::string text;
    bool ended = false;
    std::thread reader;
  };
  void read_all(Pipe& pipe);
  void close_pipe(Pipe& pipe);

  pid_t pid_ = -1;
  std::optional<int> exit_code_;
  mutable Mutex mutex_;  // guards `text` and `ended` of both pipes
  mutable ConditionVariable changed_;
  Pipe output_;
  Pipe error_;
};

}  // namespace azf::test
