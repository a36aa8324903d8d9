#pragma once

#include "core/log.h"
#include "core/mutex.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <thread>

namespace azf {

/// Runs tasks apart from the caller. Implementations are thread-safe.
class Executor {
 public:
  virtual ~Executor() = default;
  /// `name` is for the log. Returns false where the task cannot be run (no thread can be had, too many wait): it is
  /// dropped.
  virtual bool post(std::string_view name, std::function<void()> task) = 0;
};

/// Runs tasks in threads of its own: at most `max_threads` at once, the others wait in order. A thread is started when
/// there is work and ends when there is none, so an idle executor costs nothing. A task that ends in an exception is an
/// error in the log, and the others go on. The destructor waits for all tasks.
class ThreadExecutor final : public Executor {
 public:
  /// `log` is copied; its sink and clock must outlive this object.
  explicit ThreadExecutor(Logger log, std::size_t max_threads = 4, std::size_t max_waiting = 1024);
  ~ThreadExecutor() override;

  bool post(std::string_view name, std::function<void()> task) override;

  /// Waits until nothing runs and nothing waits; false if that took longer than `limit`.
  bool wait_idle(std::chrono::milliseconds limit);

 private:
  struct Task {
    std::string name;
    std::function<void()> work;
  };

  void work();
  void run(const Task& task) const;
  void join_ended() REQUIRES(mutex_);

  const Logger log_;
  const std::size_t max_threads_;
  const std::size_t max_waiting_;

  Mutex mutex_;
  ConditionVariable idle_;
  std::deque<Task> waiting_ GUARDED_BY(mutex_);
  std::list<std::thread> threads_ GUARDED_BY(mutex_);
  std::list<std::thread::id> ended_ GUARDED_BY(mutex_);
  std::size_t running_ GUARDED_BY(mutex_) = 0;
};

}  // namespace azf
