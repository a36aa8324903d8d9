#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "emulator/host/console.h"
#include "emulator/host/function_app.h"
#include "emulator/host/handler_supervisor.h"
#include "emulator/host/host_front.h"
#include "emulator/host/invoker.h"
#include "emulator/host/queue_storage.h"
#include "emulator/host/task_group.h"
#include "emulator/host/trigger_listeners.h"
#include "emulator/stop_signal.h"
#include "emulator/wire/http_server.h"

#include <memory>
#include <optional>

namespace azf::emulator {

/// Which of the real hosts is played.
enum class HostMode {
  kLocal,  ///< `func start`: envelopes have a length, the variables of Core Tools are set
  kAzure,  ///< envelopes are chunked
};

/// The emulated Functions host of one app, running. Thread-safe.
class Host {
 public:
  struct Options {
    HostMode mode = HostMode::kLocal;
    /// Without keys nobody needs one.
    std::optional<HostKeys> keys;
  };

  /// Starts handler, triggers and front, which serves on a socket of `listen_loopback`. `environment` is what the
  /// handler inherits. `kTransport` when there is no port for the handler. `console` and `clock` outlive the host; the
  /// observers are called by a thread of its own, maybe before this function returns.
  static Result<std::unique_ptr<Host>> start(FunctionApp app, Options options, FileDescriptor listener,
                                             Variables environment, ControlHandler further_control,
                                             const Console& console, const Clock& clock,
                                             HandlerSupervisor::Observers observers);
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  /// Ends the handler and all that waits for it.
  ~Host();

 private:
  Host(FunctionApp app, const Clock& clock);

  const FunctionApp app_;
  StopSignal stop_;
  QueueStorage queues_;
  std::unique_ptr<HandlerSupervisor> supervisor_;
  std::unique_ptr<Invoker> invoker_;
  std::unique_ptr<TimerListener> timers_;
  std::unique_ptr<QueueListener> queue_listener_;
  TaskGroup tasks_;
  std::unique_ptr<HostFront> front_;
  std::unique_ptr<HttpServer> server_;
};

}  // namespace azf::emulator
