#pragma once

#include "core/environment.h"
#include "identity/process_runner.h"

namespace azf::identity {

/// Runs tools as children of this process: without a shell, standard input empty, in a folder and a process group of
/// their own, with both outputs read at once. When time is up the whole group is killed and reaped. Thread-safe.
class PosixProcessRunner final : public ProcessRunner {
 public:
  /// `environment` and `clock` must outlive this object; PATH and all variables of the tool come from `environment`.
  PosixProcessRunner(const Environment& environment, const Clock& clock) : environment_(environment), clock_(clock) {}

  Result<ProcessOutput> run(const ProcessCommand& command, Deadline deadline) override;

 private:
  const Environment& environment_;
  const Clock& clock_;
};

}  // namespace azf::identity
