#pragma once

#include "core/clock.h"
#include "core/mutex.h"
#include "core/result.h"
#include "emulator/host/function_app.h"
#include "emulator/host/invoker.h"
#include "emulator/host/ncrontab.h"
#include "emulator/host/queue_storage.h"
#include "emulator/stop_signal.h"

#include <map>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace azf::emulator {

/// Fires timer triggers by their schedules, one invocation at a time for each function. Thread-safe.
class TimerListener {
 public:
  /// Begins at once. All references outlive the listener; `stop` ends its threads.
  TimerListener(const FunctionApp& app, Invoker& invoker, const StopSignal& stop, const Clock& clock);
  TimerListener(const TimerListener&) = delete;
  TimerListener& operator=(const TimerListener&) = delete;
  ~TimerListener();

  /// Fires one timer now, whatever its schedule says.
  Result<Success> fire(const FunctionDefinition& function, std::string_view reason);

 private:
  void run(const FunctionDefinition& function, const TimerSchedule& schedule);

  Invoker& invoker_;
  const StopSignal& stop_;
  const Clock& clock_;
  std::map<std::string, TimerSchedule, std::less<>> schedules_;

  Mutex mutex_;
  std::map<std::string, SystemTime, std::less<>> last_firings_ GUARDED_BY(mutex_);

  std::vector<std::thread> threads_;
};

/// Feeds queue triggers. A message whose invocation fails is tried again at once, and moved to `<queue>-poison` after
/// the fifth time (azure-webjobs-sdk, `QueueProcessor.cs`, default `maxDequeueCount`).
class QueueListener {
 public:
  /// Begins at once. All references outlive the listener; closing `queues` ends its threads.
  QueueListener(const FunctionApp& app, Invoker& invoker, QueueStorage& queues, const StopSignal& stop,
                const Clock& clock);
  QueueListener(const QueueListener&) = delete;
  QueueListener& operator=(const QueueListener&) = delete;
  ~QueueListener();

 private:
  void run(const FunctionDefinition& function);

  Invoker& invoker_;
  QueueStorage& queues_;
  const StopSignal& stop_;
  const Clock& clock_;
  std::vector<std::thread> threads_;
};

}  // namespace azf::emulator
