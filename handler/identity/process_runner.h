#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "core/secret.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace azf::identity {

/// A developer tool to run. Value.
struct ProcessCommand {
  /// Name to be looked up on PATH, or an absolute path.
  std::string program;
  /// Handed over as they are, without a shell. Not the place for secrets: every user of the machine can read them.
  std::vector<std::string> arguments{};
  /// Besides the whole environment of this process, in whose place they stand where names are equal.
  std::vector<std::pair<std::string, std::string>> variables{};
  std::chrono::milliseconds timeout{13'000};
  /// More output than this, of either stream, is read and dropped.
  std::size_t output_limit_bytes = std::size_t{1} << 20;
};

/// What a tool left behind. Value, move-only.
struct ProcessOutput {
  /// As a shell tells it: 128 plus the number where a signal ended the tool.
  int exit_code = 0;
  /// A secret, because tokens are printed there.
  Secret standard_output;
  std::string standard_error;
};

/// Runs developer tools. Fails with `kNotFound` (no such program on PATH, or it cannot be executed), `kTimeout` (the
/// tool and all its children have been killed) or `kInternal`. An exit code other than 0 is no failure here.
/// Implementations are thread-safe.
class ProcessRunner {
 public:
  virtual ~ProcessRunner() = default;

  /// Waits for the tool, at most for `command.timeout` and until `deadline`.
  virtual Result<ProcessOutput> run(const ProcessCommand& command, Deadline deadline) = 0;
};

}  // namespace azf::identity
