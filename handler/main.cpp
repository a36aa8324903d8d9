#include "azure/service_connections.h"
#include "cli/command_line.h"
#include "cli/doctor.h"
#include "cli/functions.h"
#include "cli/serve.h"
#include "cli/token.h"
#include "core/clock.h"
#include "core/environment.h"
#include "core/executor.h"
#include "core/log.h"
#include "functions/function_list.h"
#include "http/curl_transport.h"
#include "http/retrying_transport.h"
#include "identity/default_azure_credential.h"
#include "identity/posix_process_runner.h"
#include "identity/unavailable_credential.h"
#include "runtime/services.h"
#include "server/handler_options.h"
#include "server/process_watch.h"

#include <cstdio>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

namespace azf {
namespace {

int fail(const Error& error) {
  // A message may have a line for each of several problems; each becomes a line of its own for the host's log.
  std::string_view rest(error.message);
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const std::string line(rest.substr(0, end));
    std::fprintf(stderr, "handler: %s\n", line.c_str());
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return cli::kFailure;
}

// Without a usable setting the handler serves all the same: functions without tokens work, the others say why not.
std::unique_ptr<identity::TokenCredential> chain(const identity::CredentialServices& services) {
  auto credential = identity::make_default_azure_credential({}, services);
  if (credential) return *std::move(credential);
  services.log.error("no credential chain", {{"error", credential.error().message}});
  return std::make_unique<identity::UnavailableCredential>("DefaultAzureCredential", credential.error());
}

// Under a credential that no function needs, as none is run.
int diagnose(const cli::DoctorCommand& command, HttpTransport& network,
             const identity::CredentialServices& credential_services) {
  identity::UnavailableCredential credential("DefaultAzureCredential",
                                             Error{ErrorKind::kCredentialUnavailable, "no function is run"});
  azure::ServiceConnections connections(network, credential, credential_services);
  const Services services{credential,
                          credential_services.transport,
                          connections,
                          credential_services.clock,
                          credential_services.environment,
                          credential_services.log};
  const auto router = Router::create(functions::all_functions(services));
  if (!router) return fail(router.error());
  return cli::run_doctor(command, credential_services, router->functions());
}

LogLevel default_log_level(const cli::Command& command) {
  if (std::holds_alternative<cli::ServeCommand>(command)) return LogLevel::kInfo;
  // What a warning would say, the doctor's report says.
  return std::holds_alternative<cli::DoctorCommand>(command) ? LogLevel::kError : LogLevel::kWarning;
}

int run(std::vector<std::string> arguments) {
  // What the host starts has no arguments; it need not wait for a parser.
  const cli::Command command = arguments.empty() ? cli::Command(cli::ServeCommand{})
                                                 : cli::parse_command_line(std::move(arguments), AZF_VERSION);
  if (const auto* finished = std::get_if<cli::Finished>(&command)) {
    std::fputs(finished->text.c_str(), finished->exit_code == cli::kSuccess ? stdout : stderr);
    return finished->exit_code;
  }
  const auto* serve_command = std::get_if<cli::ServeCommand>(&command);

  Environment environment(::environ);
  if (serve_command != nullptr) cli::apply(*serve_command, environment);
  auto options = load_handler_options(environment);
  const auto* doctor = std::get_if<cli::DoctorCommand>(&command);
  if (!options && doctor != nullptr) options = HandlerOptions{};  // the doctor reports what is wrong with them
  if (!options) return fail(options.error());

  // The socket comes first: from here on the host's probe waits in the queue instead of being refused.
  std::optional<ProcessWatch> watch;
  std::optional<Listener> listener;
  if (serve_command != nullptr) {
    watch.emplace(/*watch_parent=*/options->port.has_value() && !serve_command->port);
    auto listening = cli::listen(*serve_command, *options);
    if (!listening) return fail(listening.error());
    listener.emplace(*std::move(listening));
  }

  SystemClock clock;
  // Standard output belongs to the log when serving, else to what the command prints.
  const int information = serve_command != nullptr ? STDOUT_FILENO : STDERR_FILENO;
  StandardStreamsSink sink(information);
  const Logger log(sink, clock, options->log_level.value_or(default_log_level(command)),
                   options->log_format.value_or(::isatty(information) != 0 ? LogFormat::kText : LogFormat::kJson));
  CurlTransport curl(clock, environment);
  RetryingTransport transport(curl, clock);
  identity::PosixProcessRunner processes(environment, clock);
  ThreadExecutor executor(log);
  const identity::CredentialServices credential_services{environment, transport, clock, log, processes, executor};
  if (const auto* token = std::get_if<cli::TokenCommand>(&command)) return cli::get_token(*token, credential_services);
  if (doctor != nullptr) return diagnose(*doctor, curl, credential_services);

  const auto credential = chain(credential_services);
  azure::ServiceConnections connections(curl, *credential, credential_services);
  const Services services{*credential, transport, connections, clock, environment, log};
  const auto router = Router::create(functions::all_functions(services));
  if (!router) return fail(router.error());
  const HostConfiguration host(environment, log);
  if (const auto* functions = std::get_if<cli::FunctionsCommand>(&command)) {
    return cli::list_functions(*functions, *router, host);
  }
  connections.warm_up();
  const int exit_code = cli::serve(*std::move(listener), *watch, *options, *router, host, clock, log);
  // A refresh in the background must not hold up the end: what it waits for ends now.
  curl.stop();
  clock.end_sleeps();
  return exit_code;
}

}  // namespace
}  // namespace azf

int main(int argc, char** argv) {
  try {
    return azf::run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "handler: internal error: %s\n", error.what());
    return azf::cli::kFailure;
  }
}
