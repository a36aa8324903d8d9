#pragma once

#include "core/mutex.h"

#include <functional>
#include <list>
#include <thread>

namespace azf::emulator {

/// Work that goes on after its request was answered, each piece on a thread of its own. Thread-safe.
class TaskGroup {
 public:
  TaskGroup() = default;
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;
  /// Waits for all tasks.
  ~TaskGroup();

  void run(std::function<void()> task);

 private:
  struct Task {
    bool done = false;
    std::thread thread;
  };

  void join_finished();

  Mutex mutex_;
  std::list<Task> tasks_ GUARDED_BY(mutex_);
};

}  // namespace azf::emulator
