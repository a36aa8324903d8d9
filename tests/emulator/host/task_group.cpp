#include "emulator/host/task_group.h"

#include <iterator>
#include <utility>

namespace azf::emulator {

TaskGroup::~TaskGroup() {
  std::list<Task> tasks;
  {
    const MutexLock lock(mutex_);
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) task.thread.join();
}

void TaskGroup::run(std::function<void()> task) {
  join_finished();
  const MutexLock lock(mutex_);
  Task& entry = tasks_.emplace_back();
  entry.thread = std::thread([this, &entry, work = std::move(task)] {
    work();
    const MutexLock done_lock(mutex_);
    entry.done = true;
  });
}

void TaskGroup::join_finished() {
  std::list<Task> finished;
  {
    const MutexLock lock(mutex_);
    for (auto at = tasks_.begin(); at != tasks_.end();) {
      const auto next = std::next(at);
      if (at->done) finished.splice(finished.end(), tasks_, at);
      at = next;
    }
  }
  for (auto& task : finished) task.thread.join();
}

}  // namespace azf::emulator
