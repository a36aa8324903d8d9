#include "core/executor.h"

#include <algorithm>
#include <exception>
#include <system_error>
#include <utility>

namespace azf {

ThreadExecutor::ThreadExecutor(Logger log, std::size_t max_threads, std::size_t max_waiting)
    : log_(std::move(log)), max_threads_(max_threads), max_waiting_(max_waiting) {}

ThreadExecutor::~ThreadExecutor() {
  std::list<std::thread> last;
  {
    const MutexLock lock(mutex_);
    while (running_ > 0) idle_.wait(mutex_);
    last.swap(threads_);
  }
  for (std::thread& thread : last) thread.join();
}

bool ThreadExecutor::post(std::string_view name, std::function<void()> task) {
  const MutexLock lock(mutex_);
  join_ended();
  if (running_ == max_threads_) {
    if (waiting_.size() == max_waiting_) return false;
    waiting_.push_back({std::string(name), std::move(task)});
    return true;
  }
  waiting_.push_back({std::string(name), std::move(task)});
  try {  // std::thread reports in no other way that there is no further thread
    threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    if (running_ > 0) return true;
    waiting_.pop_back();
    return false;
  }
  ++running_;
  return true;
}

bool ThreadExecutor::wait_idle(std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  const MutexLock lock(mutex_);
  while (running_ > 0) {
    if (!idle_.wait_until(mutex_, until)) return running_ == 0;
  }
  return true;
}

void ThreadExecutor::work() {
  while (true) {
    Task task;
    {
      const MutexLock lock(mutex_);
      if (waiting_.empty()) {
        --running_;
        ended_.push_back(std::this_thread::get_id());
        idle_.notify_all();
        return;
      }
      task = std::move(waiting_.front());
      waiting_.pop_front();
    }
    run(task);
  }
}

// Nobody waits for what a task has to say; but it must not end the process (record 4 of DECISIONS.md).
void ThreadExecutor::run(const Task& task) const {
  const auto failed = [&](const std::string& reason) {
    log_.error("background task failed", {{"task", task.name}, {"reason", reason}});
  };
  try {
    task.work();
  } catch (const std::exception& exception) {
    failed(std::string("uncaught exception: ") + exception.what());
  } catch (...) {
    failed("uncaught exception of an unknown type");
  }
}

void ThreadExecutor::join_ended() {
  for (const std::thread::id id : ended_) {
    const auto thread =
        std::find_if(threads_.begin(), threads_.end(), [id](const std::thread& each) { return each.get_id() == id; });
    thread->join();  // it has nothing left to do but to return
    threads_.erase(thread);
  }
  ended_.clear();
}

}  // namespace azf
