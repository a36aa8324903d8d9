#pragma once

#include "core/clock.h"
#include "core/secret.h"
#include "emulator/host/console.h"
#include "emulator/host/function_app.h"
#include "emulator/host/invoker.h"
#include "emulator/host/queue_storage.h"
#include "emulator/host/route_table.h"
#include "emulator/host/task_group.h"
#include "emulator/host/trigger_listeners.h"
#include "emulator/wire/message.h"
#include "emulator/wire/reply_writer.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace azf::emulator {

/// Keys that the front asks for. Value, move-only.
struct HostKeys {
  Secret function;
  /// Opens everything, `/admin` too.
  Secret master;
};

/// Answers requests below `/emulator/`; nothing when the path is not among its own.
using ControlHandler = std::function<std::optional<Reply>(const Request&)>;

/// What the host answers on its public port: functions by route, the host's own pages and its admin interface, and
/// the emulator's control interface. Thread-safe.
class HostFront {
 public:
  struct Parts {
    const FunctionApp& app;
    Invoker& invoker;
    TimerListener& timers;
    HandlerSupervisor& supervisor;
    QueueStorage& queues;
    TaskGroup& tasks;
    const Clock& clock;
  };

  /// Without `keys` everybody may call everything, as under `func start`. What `parts` refer to outlives the front.
  /// `further_control` answers control requests that the host does not know.
  HostFront(const Parts& parts, std::optional<HostKeys> keys, ControlHandler further_control);

  /// As `StreamingHandler` has it: what the handler streams goes to `writer`.
  [[nodiscard]] std::optional<Reply> handle(const Request& request, ReplyWriter& writer);

 private:
  std::optional<Reply> invoke(const RouteTable::Match& match, const Request& request, ReplyWriter& writer);
  Reply admin(const Request& request, std::string_view path);
  Reply start_function(const FunctionDefinition& function, const Request& request);
  [[nodiscard]] Json describe(const FunctionDefinition& function, const Request& request) const;
  [[nodiscard]] Reply host_status() const;
  Reply control(const Request& request, std::string_view path);
  std::optional<Reply> queue_control(const Request& request, std::string_view queue);
  // Whether the request carries a key for that level.
  [[nodiscard]] bool has_key(const Request& request, AuthLevel level) const;

  const Parts parts_;
  const RouteTable routes_;
  const std::optional<HostKeys> keys_;
  const ControlHandler further_control_;
  const SteadyTime started_;
};

}  // namespace azf::emulator
