#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <sys/types.h>

namespace azf::bench {

/// What a process has resident. Value.
struct ResidentMemory {
  std::int64_t total_kib = 0;
  /// Of these, what no file stands behind: heap, stacks, written data.
  std::int64_t anonymous_kib = 0;
};

/// What a process has used in its life. Value.
struct Usage {
  /// Of a processor, in the program and in the kernel; steadier than time where the machine is busy.
  std::chrono::microseconds processor_time{};
  /// Pages it asked the kernel for that did not have to be read from disk.
  std::int64_t page_faults = 0;
};

/// A program started as the Functions host starts a custom handler: a port in FUNCTIONS_CUSTOMHANDLER_PORT, standard
/// output and error on a pipe. It is killed with the object. Used by one thread.
class StartedProgram {
 public:
  /// Starts the program at `path` without arguments. Throws `std::system_error`.
  explicit StartedProgram(const std::string& path);
  ~StartedProgram();
  StartedProgram(const StartedProgram&) = delete;
  StartedProgram& operator=(const StartedProgram&) = delete;

  /// Asks `GET /` until it is answered, and returns the time from just before the start to the end of the answer.
  /// Throws `std::runtime_error` with the program's output if it ends, answers otherwise than with status 200, or has
  /// not answered after ten seconds.
  std::chrono::nanoseconds wait_for_answer();

  /// What is resident now. Throws `std::runtime_error`.
  [[nodiscard]] ResidentMemory resident_memory() const;

  /// Kills it.
  Usage stop();

 private:
  [[noreturn]] void fail(const std::string& what);

  std::string path_;
  std::uint16_t port_;
  int output_ = -1;
  pid_t process_ = -1;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace azf::bench
