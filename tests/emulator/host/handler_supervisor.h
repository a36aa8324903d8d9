#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "core/mutex.h"
#include "core/result.h"
#include "emulator/host/console.h"
#include "emulator/host/function_app.h"
#include "emulator/host/handler_process.h"
#include "emulator/wire/http_client.h"

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

namespace azf::emulator {

/// Where the handler is in its life, in the words of the host's log.
enum class HandlerState { kInitializing, kInitialized, kFailed };

struct HandlerStatus {
  HandlerState state = HandlerState::kInitializing;
  /// Nothing while no process runs.
  std::optional<pid_t> pid;
  /// How many processes were started.
  int starts = 0;
  std::optional<int> last_exit_code;
};

/// Starts the handler, finds out when it serves, and restarts it by the host's rules: exit code 0 ends it for good, 200
/// is a restart for free, any other end and a start-up that takes too long are counted, and the third count without
/// thirty minutes between two of them ends the host (azure-functions-host, `HttpFunctionInvocationDispatcher.cs`,
/// `HttpWorkerChannel.cs`). Thread-safe.
class HandlerSupervisor {
 public:
  struct Observers {
    /// The handler answered the probe; again after each restart.
    std::function<void(const HandlerStatus&)> on_ready;
    /// The host gives up and must end with a failure.
    std::function<void()> on_failure;
  };

  /// Begins at once. The port stays the same for all processes of this object. `kTransport` when there is no free
  /// port. `app`, `console` and `clock` outlive the supervisor; the observers are called by a thread of its own,
  /// maybe before this function returns.
  static Result<std::unique_ptr<HandlerSupervisor>> start(const FunctionApp& app, Variables environment,
                                                          const Console& console, const Clock& clock,
                                                          Observers observers);
  HandlerSupervisor(const HandlerSupervisor&) = delete;
  HandlerSupervisor& operator=(const HandlerSupervisor&) = delete;
  ~HandlerSupervisor();

  /// Ends the handler: SIGTERM, and SIGKILL two seconds later (the real host kills at once). Then, or at once while
  /// the handler does not serve yet, breaks off what is still sent to it, and ends every wait. To be called by one
  /// thread, the one that will destroy the supervisor.
  void stop();

  /// Waits until the handler serves, at most four times its initialization time-out, which then ends the host.
  /// Returns the number of the start that serves. `kTimeout`, or `kInternal` when the host is ending.
  [[nodiscard]] Result<int> wait_until_ready();
  /// For requests to the handler's port.
  [[nodiscard]] LoopbackClient& client() { return client_; }
  /// Kills the handler and starts it anew without counting: what follows a function that took too long. `start` is
  /// the number of the start that it took too long in; nothing happens when that process has been replaced already.
  void restart(int start);
  [[nodiscard]] HandlerStatus status() const;

 private:
  // Why the life of one process was over.
  enum class Ending { kStop, kFreeRestart, kCountedRestart, kNoRestart };

  HandlerSupervisor(const FunctionApp& app, Variables environment, const Console& console, const Clock& clock,
                    Observers observers, int port);
  void run();
  // Starts one process and stays with it until it has ended.
  Ending run_once();
  // Polls `GET /` by the host's count; false when the process never served.
  bool probe();
  // Kills the process, after a SIGTERM and `grace` if that is positive, and waits for its end.
  void end_process(HandlerProcess& process, std::chrono::seconds grace);
  void report_line(OutputStream stream, std::string_view line, std::string_view worker_id);
  void fail(std::string_view why);
  // Whether the host, given one more error now, may start the handler again.
  bool count_error();

  const FunctionApp& app_;
  const Variables environment_;
  const Console& console_;
  const Clock& clock_;
  const Observers observers_;
  LoopbackClient client_;

  mutable Mutex mutex_;
  ConditionVariable changed_;
  HandlerStatus status_ GUARDED_BY(mutex_);
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool restart_wanted_ GUARDED_BY(mutex_) = false;
  // Of the process that was started last.
  std::optional<int> exit_code_ GUARDED_BY(mutex_);
  std::deque<std::string> last_error_lines_ GUARDED_BY(mutex_);

  // Used by the thread alone.
  int error_count_ = 0;
  std::optional<SteadyTime> last_error_;

  std::thread thread_;
};

/// `Initializing`, `Initialized`, `Failed`.
std::string_view to_string(HandlerState state);

}  // namespace azf::emulator
