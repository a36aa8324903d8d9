#pragma once

#include "core/mutex.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <thread>

namespace azf {

/// Runs tasks apart from the caller. Implementations are thread-safe.
class Executor {
 public:
  virtual ~Executor() = default;
  /// `task` must not throw. Returns false where it cannot be run (no thread can be had, too many wait): it is dropped.
  virtual bool post(std::function<void()> task) = 0;
};

/// Runs tasks in threads of its own: at most `max_threads` at once, the others wait in order. A thread is started when
/// there is work and ends when there is none, so an idle executor costs nothing. The destructor waits for all tasks.
class ThreadExecutor final : public Executor {
 public:
  explicit ThreadExecutor(std::size_t max_threads = 4, std::size_t max_waiting = 1024);
  ~ThreadExecutor() override;

  bool post(std::function<void()> task) override;

  /// Waits until nothing runs and nothing waits; false if that took longer than `limit`.
  bool wait_idle(std::chrono::milliseconds limit);

 private:
  void work();
  void join_ended() REQUIRES(mutex_);

  const std::size_t max_threads_;
  const std::size_t max_waiting_;

  Mutex mutex_;
  ConditionVariable idle_;
  std::deque<std::function<void()>> waiting_ GUARDED_BY(mutex_);
  std::list<std::thread> threads_ GUARDED_BY(mutex_);
  std::list<std::thread::id> ended_ GUARDED_BY(mutex_);
  std::size_t running_ GUARDED_BY(mutex_) = 0;
};

}  // namespace azf
