#include "cli/serve.h"

#include "runtime/dispatcher.h"
#include "server/http_server.h"

#include <optional>
#include <string>
#include <unistd.h>
#include <utility>

namespace azf::cli {
namespace {

constexpr std::uint16_t kPortWithoutHost = 8080;

}  // namespace

Result<Listener> listen(const ServeCommand& command, const HandlerOptions& options) {
  if (command.port) return Listener::create(*command.port);
  if (options.port) return Listener::create(*options.port);
  if (command.explicitly) return Listener::create(kPortWithoutHost);
  return Error{ErrorKind::kInvalidArgument,
               "no port to listen on: FUNCTIONS_CUSTOMHANDLER_PORT is not set, which the Functions host does when it "
               "starts a handler; without a host use: handler serve --port 8080"};
}

int serve(Listener listener, ProcessWatch& watch, const HandlerOptions& options, const Router& router,
          const HostConfiguration& host, const Clock& clock, const Logger& log) {
  const Dispatcher dispatcher(router, host, clock, log);
  const std::string address = "http://127.0.0.1:" + std::to_string(listener.port());
  HttpServer server(
      std::move(listener), [&dispatcher](const HttpRequest& request) { return dispatcher.handle(request); },
      Dispatcher::is_probe, clock, log);
  log.info("serving", {{"address", address}, {"functions", std::to_string(router.functions().size())}});

  std::optional<StopReason> stop;
  while (!stop) {
    server.run(watch.descriptor());
    stop = watch.reason();
  }
  watch.exit_on_next_signal();
  log.info("stopping", {{"reason", std::string(to_string(*stop))}});
  const int exit_code = stop == StopReason::kSignal ? kSuccess : kFailure;
  const bool drained = server.stop(options.drain_limit);
  if (!drained) {
    log.warning("stopped with requests still in flight",
                {{"drain_limit_seconds", std::to_string(options.drain_limit.count())}});
    ::_exit(exit_code);  // their threads cannot be ended from outside, and must not outlive what they use
  }
  log.info("stopped");
  return exit_code;
}

}  // namespace azf::cli
