#include "emulator/host/trigger_listeners.h"

#include "emulator/host/envelope.h"
#include "emulator/wire/coding.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace azf::emulator {
namespace {

using std::chrono::minutes;

constexpr int kMaxDequeueCount = 5;
// The default batch size of storage queues.
constexpr int kConcurrentMessages = 16;

// Whether a timer that fires more often than this has no stored status (azure-webjobs-sdk-extensions,
// `TimerListener.cs`).
constexpr minutes kShortestMonitoredInterval{1};

bool is_monitored(const FunctionDefinition& function, const TimerSchedule& schedule, SystemTime next) {
  const auto after = schedule.next_after(next);
  return !equal_ignoring_case(function.trigger().text("useMonitor"), "false") && after &&
         *after - next >= kShortestMonitoredInterval;
}

}  // namespace

TimerListener::TimerListener(const FunctionApp& app, Invoker& invoker, const StopSignal& stop, const Clock& clock)
    : invoker_(invoker), stop_(stop), clock_(clock) {
  for (const auto& function : app.functions) {
    if (!function.trigger().is("timerTrigger")) continue;
    auto schedule = TimerSchedule::parse(function.trigger().text("schedule"));
    if (schedule) schedules_.emplace(function.name, *schedule);
  }
  for (const auto& function : app.functions) {
    const auto schedule = schedules_.find(function.name);
    if (schedule == schedules_.end() || function.disabled) continue;
    threads_.emplace_back([this, &function, &rule = schedule->second] { run(function, rule); });
  }
}

TimerListener::~TimerListener() {
  for (auto& thread : threads_) thread.join();
}

void TimerListener::run(const FunctionDefinition& function, const TimerSchedule& schedule) {
  if (equal_ignoring_case(function.trigger().text("runOnStartup"), "true")) {
    (void)fire(function, "Timer fired at start-up");
  }
  auto next = schedule.next_after(clock_.system_now());
  while (next && !stop_.wait(Deadline::after(clock_, *next - clock_.system_now()))) {
    (void)fire(function, "Timer fired");
    // The wall clock may lag behind the clock of the wait: an instant that was served must not come again.
    next = schedule.next_after(std::max(clock_.system_now(), *next));
  }
}

Result<Success> TimerListener::fire(const FunctionDefinition& function, std::string_view reason) {
  const SystemTime now = clock_.system_now();
  TimerFiring firing;
  if (const auto schedule = schedules_.find(function.name); schedule != schedules_.end()) {
    firing.is_cron = schedule->second.is_cron();
    const auto next = schedule->second.next_after(now);
    if (next && is_monitored(function, schedule->second, *next)) {
      const MutexLock lock(mutex_);
      const auto last = last_firings_.find(function.name);
      const auto time = last == last_firings_.end() ? std::optional<SystemTime>() : last->second;
      firing.status = TimerStatus{time, *next, time.value_or(now)};
    }
  }
  auto outcome = invoker_.invoke(function, timer_envelope(function, firing, now), reason);
  const MutexLock lock(mutex_);
  last_firings_.insert_or_assign(function.name, now);
  return outcome;
}

QueueListener::QueueListener(const FunctionApp& app, Invoker& invoker, QueueStorage& queues, const StopSignal& stop,
                             const Clock& clock)
    : invoker_(invoker), queues_(queues), stop_(stop), clock_(clock) {
  for (const auto& function : app.functions) {
    if (!function.trigger().is("queueTrigger") || function.disabled) continue;
    for (int i = 0; i < kConcurrentMessages; ++i) threads_.emplace_back([this, &function] { run(function); });
  }
}

QueueListener::~QueueListener() {
  for (auto& thread : threads_) thread.join();
}

void QueueListener::run(const FunctionDefinition& function) {
  const std::string queue = function.trigger().text("queueName");
  while (auto message = queues_.take(queue)) {
    const Json envelope = queue_envelope(function, *message, clock_.system_now());
    const auto outcome = invoker_.invoke(function, envelope, "New queue message detected on '" + queue + "'.");
    if (outcome) continue;
    if (stop_.stop_requested()) return;
    if (message->dequeue_count < kMaxDequeueCount) {
      queues_.put_back(queue, std::move(*message));
    } else {
      queues_.put(queue + "-poison", std::move(message->body));
    }
  }
}

}  // namespace azf::emulator
