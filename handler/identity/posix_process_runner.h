#pragma once

#include "core/environment.h"
#include "identity/process_runner.h"

#include <cstdint>

namespace azf::identity {

/// Runs tools as children of this process: without a shell, standard input empty, in a folder and a process group of
/// their own, with both outputs read at once. When time is up the whole group is killed and reaped. Thread-safe.
class PosixProcessRunner final : public ProcessRunner {
 public:
  /// `environment` and `clock` must outlive this object; PATH and all variables of the tool come from `environment`.
  /// Tools get the soft limit of descriptors that this process has now, even if it raises its own later.
  PosixProcessRunner(const Environment& environment, const Clock& clock);

  Result<ProcessOutput> run(const ProcessCommand& command, Deadline deadline) override;

 private:
  const Environment& environment_;
  const Clock& clock_;
  const std::uint64_t descriptor_limit_;
};

}  // namespace azf::identity
