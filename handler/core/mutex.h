#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

// Lock annotations for clang's -Wthread-safety; nothing for other compilers. These are the project's only macros:
// clang cannot see through libstdc++'s std::mutex, so shared state uses Mutex below and says which lock guards it.
#if defined(__clang__)
#define AZF_THREAD_ANNOTATION(x) __attribute__((x))
#else
#define AZF_THREAD_ANNOTATION(x)
#endif
#define CAPABILITY(x) AZF_THREAD_ANNOTATION(capability(x))
#define SCOPED_CAPABILITY AZF_THREAD_ANNOTATION(scoped_lockable)
#define GUARDED_BY(x) AZF_THREAD_ANNOTATION(guarded_by(x))
#define REQUIRES(...) AZF_THREAD_ANNOTATION(requires_capability(__VA_ARGS__))
#define ACQUIRE(...) AZF_THREAD_ANNOTATION(acquire_capability(__VA_ARGS__))
#define RELEASE(...) AZF_THREAD_ANNOTATION(release_capability(__VA_ARGS__))

namespace azf {

/// A plain mutual exclusion lock that clang can check. Taken through MutexLock.
class CAPABILITY("mutex") Mutex {
 public:
  void lock() ACQUIRE() { mutex_.lock(); }
  void unlock() RELEASE() { mutex_.unlock(); }

 private:
  friend class ConditionVariable;
  std::mutex mutex_;
};

/// Holds a Mutex for the length of a scope.
class SCOPED_CAPABILITY MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) ACQUIRE(mutex) : mutex_(mutex) { mutex_.lock(); }
  ~MutexLock() RELEASE() { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

/// Waits on a Mutex that the caller holds. Wake-ups may be spurious: wait in a loop over the condition.
class ConditionVariable {
 public:
  void wait(Mutex& mutex) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  /// Returns false when `instant` has passed.
  bool wait_until(Mutex& mutex, std::chrono::steady_clock::time_point instant) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool in_time = condition_.wait_until(lock, instant) == std::cv_status::no_timeout;
    lock.release();
    return in_time;
  }
  /// Returns false when it took so long.
  bool wait_for(Mutex& mutex, std::chrono::nanoseconds duration) REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    const bool in_time = condition_.wait_for(lock, duration) == std::cv_status::no_timeout;
    lock.release();
    return in_time;
  }
  void notify_one() { condition_.notify_one(); }
  void notify_all() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace azf
