#include "conformance/table_run.h"

#include "core/mutex.h"

#include <atomic>
#include <exception>
#include <thread>
#include <utility>

namespace azf::test {
namespace {

// Most of the time is spent waiting.
constexpr std::size_t kConnections = 8;

}  // namespace

void run_tasks(const std::vector<Task>& tasks, const std::function<void(std::size_t, Observation)>& done) {
  std::atomic<std::size_t> next = 0;
  Mutex mutex;
  std::exception_ptr failure;
  const auto work = [&] {
    try {
      for (std::size_t i = next++; i < tasks.size(); i = next++) {
        Observation observation = observe(*tasks[i].request_case, tasks[i].options);
        const MutexLock lock(mutex);
        done(i, std::move(observation));
      }
    } catch (...) {
      next = tasks.size();
      const MutexLock lock(mutex);
      failure = std::current_exception();
    }
  };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kConnections; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace azf::test
