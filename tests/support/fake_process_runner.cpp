#include "support/fake_process_runner.h"

namespace azf::test {

Result<identity::ProcessOutput> FakeProcessRunner::run(const identity::ProcessCommand& command, Deadline /*deadline*/) {
  {
    const MutexLock lock(mutex_);
    commands_.push_back(command);
  }
  if (answer_) return answer_(command);
  return Error{ErrorKind::kNotFound, command.program + " was not found on PATH"};
}

std::vector<identity::ProcessCommand> FakeProcessRunner::commands() const {
  const MutexLock lock(mutex_);
  return commands_;
}

}  // namespace azf::test
