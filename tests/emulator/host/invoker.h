#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "emulator/host/console.h"
#include "emulator/host/envelope.h"
#include "emulator/host/function_app.h"
#include "emulator/host/handler_supervisor.h"
#include "emulator/host/invocation_result.h"
#include "emulator/host/queue_storage.h"
#include "emulator/host/route_table.h"
#include "emulator/stop_signal.h"
#include "emulator/wire/message.h"
#include "emulator/wire/reply_writer.h"

#include <functional>
#include <optional>
#include <string_view>

namespace azf::emulator {

/// How an envelope is framed: with a length as under `func start`, or chunked as in Azure, where the host streams the
/// JSON (azure-functions-host, `DefaultHttpWorkerService.cs`, request tracing).
enum class Framing { kContentLength, kChunked };

/// Runs one invocation after the other by asking the handler, each on the caller's thread: waits until the handler
/// serves, sends, judges the reply, passes outputs on, and kills the handler when the function's time is up.
/// Thread-safe.
class Invoker {
 public:
  /// All references outlive the invoker.
  Invoker(const FunctionApp& app, HandlerSupervisor& supervisor, QueueStorage& queues, const StopSignal& stop,
          const Console& console, const Clock& clock, Framing framing);

  /// What the caller of an HTTP function gets; a failed invocation is a 500 without body. In Proxy mode a reply goes to
  /// `writer` while it comes: once that has begun, the returned one says that it is whole, nothing that it breaks off.
  std::optional<Reply> invoke_http(const RouteTable::Match& match, const Request& request, Caller caller,
                                   ReplyWriter& writer);
  /// Sends an envelope for any other function and passes its outputs on. The error says why the invocation failed.
  Result<Success> invoke(const FunctionDefinition& function, const Json& envelope, std::string_view reason);

 private:
  Result<Reply> forward(const Request& request, std::string_view id);
  Result<Success> proxy(const Request& request, std::string_view id, ReplyWriter& writer);
  Result<InvocationResult> exchange_envelope(const FunctionDefinition& function, const Json& envelope,
                                             std::string_view id);
  // Waits for the handler, sends with the function's time limit, and kills the handler when that passes.
  Result<Reply> send(const Request& request, bool follow_redirects, std::string_view id);
  // When an invocation that begins now has taken too long.
  [[nodiscard]] Deadline function_deadline() const;
  // Kills the handler of that start, because of an invocation that took too long.
  void give_up(int start, std::string_view id);
  void pass_on_outputs(const FunctionDefinition& function, const InvocationResult& result);
  // Logs begin and end of an invocation around `work`, which gets the invocation id.
  template <typename T>
  Result<T> logged(const FunctionDefinition& function, std::string_view reason,
                   const std::function<Result<T>(std::string_view id)>& work);

  const FunctionApp& app_;
  HandlerSupervisor& supervisor_;
  QueueStorage& queues_;
  const StopSignal& stop_;
  const Console& console_;
  const Clock& clock_;
  const Framing framing_;
};

}  // namespace azf::emulator
