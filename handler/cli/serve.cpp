#include "cli/serve.h"

#include "runtime/dispatcher.h"
#include "server/http_server.h"

#include <optional>
#include <string>
#include <sys/resource.h>
#include <unistd.h>
#include <utility>

namespace azf::cli {
namespace {

constexpr std::uint16_t kPortWithoutHost = 8080;

// Each connection needs a descriptor, and the usual soft limit is 1,024, for programs that use select. What the
// administrator has meant as the limit is the hard one.
void raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)::setrlimit(RLIMIT_NOFILE, &limit);  // it cannot fail, and if it did, fewer connections would be served
}

}  // namespace

void apply(const ServeCommand& command, Environment& environment) {
  if (command.listen) environment.set("AZF_LISTEN_ADDRESS", *command.listen);
  if (command.allow.empty()) return;
  std::string list;
  for (const std::string& range : command.allow) list.append(list.empty() ? "" : ",").append(range);
  environment.set("AZF_ALLOWED_CLIENTS", list);
}

Result<Listener> listen(const ServeCommand& command, const HandlerOptions& options) {
  const auto port = command.port ? command.port : options.port;
  if (port) return Listener::create(*port, options.listen_address);
  if (command.explicitly) return Listener::create(kPortWithoutHost, options.listen_address);
  return Error{ErrorKind::kInvalidArgument,
               "no port to listen on: FUNCTIONS_CUSTOMHANDLER_PORT is not set, which the Functions host does when it "
               "starts a handler; without a host use: handler serve --port 8080"};
}

int serve(Listener listener, ProcessWatch& watch, const HandlerOptions& options, const Router& router,
          const HostConfiguration& host, const Clock& clock, const Logger& log) {
  raise_descriptor_limit();
  const Dispatcher dispatcher(router, host, clock, log);
  const std::string address = "http://" + listener.authority();
  const ClientPolicy clients(options.allowed_clients, options.owner_check);
  HttpServer server(
      std::move(listener),
      {.handler = [&dispatcher](const HttpRequest& request,
                                const Exchange& exchange) { return dispatcher.handle(request, exchange); },
       .is_probe = Dispatcher::is_probe,
       .streams_body = [&dispatcher](const HttpRequest& request) { return dispatcher.streams_body(request); }},
      clients, clock, log);
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
