#pragma once

#include "core/mutex.h"
#include "identity/process_runner.h"

#include <functional>
#include <string>
#include <vector>

namespace azf::test {

/// Answers from a function instead of running anything; keeps the commands that it saw. Without a function no program
/// exists. Thread-safe; the function is called without a lock held, so it may block.
class FakeProcessRunner final : public identity::ProcessRunner {
 public:
  using Answer = std::function<Result<identity::ProcessOutput>(const identity::ProcessCommand&)>;

  FakeProcessRunner() = default;
  explicit FakeProcessRunner(Answer answer) : answer_(std::move(answer)) {}

  Result<identity::ProcessOutput> run(const identity::ProcessCommand& command, Deadline deadline) override;

  /// For a test that knows the answer only later; not while others call `run`.
  void set_answer(Answer answer) { answer_ = std::move(answer); }
  [[nodiscard]] std::vector<identity::ProcessCommand> commands() const;

 private:
  Answer answer_;

  mutable Mutex mutex_;
  std::vector<identity::ProcessCommand> commands_ GUARDED_BY(mutex_);
};

}  // namespace azf::test
