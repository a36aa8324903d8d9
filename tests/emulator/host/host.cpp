#include "emulator/host/host.h"

#include "emulator/wire/stream.h"

#include <string>
#include <utility>

namespace azf::emulator {
namespace {

// What the platform sets beside the app's settings (azure-functions-core-tools, `StartHostAction.cs`).
Variables with_host_variables(Variables environment, const FunctionApp& app, HostMode mode, int port) {
  const auto set = [&](const char* name, std::string value) { environment.insert_or_assign(name, std::move(value)); };
  environment.emplace("FUNCTIONS_WORKER_RUNTIME", "custom");
  set("AzureWebJobsScriptRoot", app.root.string());
  set("WEBSITE_HOSTNAME", "localhost:" + std::to_string(port));
  if (mode == HostMode::kLocal) {
    set("AZURE_FUNCTIONS_ENVIRONMENT", "Development");
    set("AzureFunctionsJobHost__SequentialRestart", "true");
    set("FUNCTIONS_CORETOOLS_ENVIRONMENT", "true");
  } else {
    environment.emplace("FUNCTIONS_EXTENSION_VERSION", "~4");
  }
  return environment;
}

}  // namespace

Host::Host(FunctionApp app, const Clock& clock) : app_(std::move(app)), queues_(clock) {}

Result<std::unique_ptr<Host>> Host::start(FunctionApp app, Options options, FileDescriptor listener,
                                          Variables environment, ControlHandler further_control, const Console& console,
                                          const Clock& clock, HandlerSupervisor::Observers observers) {
  std::unique_ptr<Host> host(new Host(std::move(app), clock));
  const FunctionApp& functions = host->app_;
  environment = with_host_variables(std::move(environment), functions, options.mode, local_port(listener));
  auto supervisor = HandlerSupervisor::start(functions, std::move(environment), console, clock, std::move(observers));
  if (!supervisor) return std::move(supervisor).error();
  host->supervisor_ = std::move(*supervisor);
  const Framing framing = options.mode == HostMode::kAzure ? Framing::kChunked : Framing::kContentLength;
  host->invoker_ =
      std::make_unique<Invoker>(functions, *host->supervisor_, host->queues_, host->stop_, console, clock, framing);
  host->timers_ = std::make_unique<TimerListener>(functions, *host->invoker_, host->stop_, clock);
  host->queue_listener_ =
      std::make_unique<QueueListener>(functions, *host->invoker_, host->queues_, host->stop_, clock);
  host->front_ = std::make_unique<HostFront>(HostFront::Parts{functions, *host->invoker_, *host->timers_,
                                                              *host->supervisor_, host->queues_, host->tasks_, clock},
                                             std::move(options.keys), std::move(further_control));
  host->server_ = std::make_unique<HttpServer>(
      std::move(listener),
      [front = host->front_.get()](const Request& request, ReplyWriter& writer) {
        return front->handle(request, writer);
      },
      clock);
  return host;
}

Host::~Host() {
  stop_.request_stop();
  queues_.close();
  if (supervisor_) supervisor_->stop();
}

}  // namespace azf::emulator
