#include "emulator/cli/host_command.h"
#include "emulator/cli/identity_command.h"
#include "emulator/cli/termination.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <map>
#include <string>
#include <unistd.h>

namespace {

using azf::LogFormat;
using azf::emulator::HostCommand;
using azf::emulator::HostMode;
using azf::emulator::IdentityCommand;
using azf::emulator::IdentityKind;

enum ExitCode { kStoppedBySignal = 0, kFailed = 1, kWrongUsage = 2 };

// An option whose texts stand for the values of an enumeration.
template <typename Enumeration>
void add_choice(CLI::App& command, const std::string& name, const std::string& help, Enumeration& value,
                const std::map<std::string, Enumeration>& choices) {
  command
      .add_option_function<std::string>(
          name, [&value, choices](const std::string& text) { value = choices.find(text)->second; }, help)
      ->check(CLI::IsMember(choices));
}

void add_identity_choice(CLI::App& command, const std::string& help, IdentityKind& kind) {
  add_choice<IdentityKind>(command, "--identity", help, kind,
                           {{"app-service", IdentityKind::kAppService},
                            {"app-service-2017", IdentityKind::kAppService2017},
                            {"arc", IdentityKind::kArc},
                            {"azure-ml", IdentityKind::kAzureMl},
                            {"certificate", IdentityKind::kCertificate},
                            {"cloud-shell", IdentityKind::kCloudShell},
                            {"entra", IdentityKind::kEntra},
                            {"imds", IdentityKind::kImds},
                            {"none", IdentityKind::kNone},
                            {"pipelines", IdentityKind::kPipelines},
                            {"service-fabric", IdentityKind::kServiceFabric},
                            {"workload", IdentityKind::kWorkload}});
}

CLI::App* add_host_command(CLI::App& app, HostCommand& host) {
  CLI::App* command = app.add_subcommand("host", "Run a function app as the Functions host does");
  command->add_option("--app-root", host.app_root, "Folder with host.json and <function>/function.json")
      ->check(CLI::ExistingDirectory)
      ->capture_default_str();
  command->add_option("--port", host.port, "Port on 127.0.0.1; 0 takes a free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command->add_option("--functions", host.functions, "Load only these functions");
  add_choice<HostMode>(*command, "--mode", "As func start (default), or with chunked envelopes as in Azure", host.mode,
                       {{"azure", HostMode::kAzure}, {"local", HostMode::kLocal}});
  command->add_flag("--require-keys", host.require_keys, "Ask callers for keys, which are made and printed");
  add_identity_choice(*command, "Where the handler gets its tokens (default app-service)", host.identity);
  add_choice<LogFormat>(*command, "--log-format", "How records are written (default text)", host.log_format,
                        {{"json", LogFormat::kJson}, {"text", LogFormat::kText}});
  command->add_flag("--verbose", host.verbose, "Show debug records and the platform's own log too");
  command->add_option("--ready-file", host.ready_file,
                      "Write a JSON file with addresses and process id whenever the handler begins to serve");
  command->add_option("--state-dir", host.state_folder,
                      "Keep certificates and the federated token here; default is a temporary folder");
  add_choice<bool>(*command, "--services", "Serve stand-ins of Azure services to the handler (default on)",
                   host.services, {{"off", false}, {"on", true}});
  command->add_option("--blob-endpoint", host.blob_endpoint, "Give the handler this blob service, not the stand-in");
  return command;
}

CLI::App* add_identity_command(CLI::App& app, IdentityCommand& identity) {
  CLI::App* command = app.add_subcommand("identity", "Serve the identity endpoints alone");
  command->add_option("--http-port", identity.http_port, "Port of the managed identity endpoints; 0 takes a free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  command->add_option("--https-port", identity.https_port, "Port of Entra; 0 takes a free one")
      ->check(CLI::Range(0, 65535))
      ->capture_default_str();
  add_identity_choice(*command, "What --print-env is for (default app-service)", identity.kind);
  command->add_flag("--print-env", identity.print_environment,
                    "Print only shell lines with the variables that a program needs, secrets included");
  command->add_option("--arc-key-dir", identity.arc_key_folder,
                      "Where the agent of Azure Arc writes keys; clients read /var/opt/azcmagent/tokens alone");
  command
      ->add_option("--device-code-interval", identity.device_code_interval_seconds,
                   "Seconds between two questions of a device code client")
      ->check(CLI::Range(1, 60))
      ->capture_default_str();
  command->add_flag("--services", identity.services, "Serve stand-ins of Azure services too");
  command->add_option("--ready-file", identity.ready_file, "Write a JSON file with addresses and ids once it serves");
  command->add_option("--state-dir", identity.state_folder,
                      "Keep certificates and the federated token here; default is a temporary folder");
  return command;
}

}  // namespace

int main(int argc, char** argv) {
  HostCommand host;
  IdentityCommand identity;
  CLI::App app("Plays the Azure Functions host and the Azure identity endpoints on this machine, offline.", "emulator");
  app.require_subcommand(1);
  app.footer(
      "Ends with 0 when stopped by a signal, 1 after a failure, 2 on wrong usage.\n"
      "Example: emulator host --app-root build/debug/app");
  const CLI::App* host_command = add_host_command(app, host);
  add_identity_command(app, identity);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kWrongUsage;
  }

  azf::emulator::Termination termination;
  const azf::SystemClock clock;
  const auto outcome = host_command->parsed()
                           ? azf::emulator::run_host(host, azf::emulator::parse_variables(environ), termination, clock)
                           : azf::emulator::run_identity(identity, termination, clock);
  if (!outcome) std::fprintf(stderr, "emulator: %s\n", outcome.error().message.c_str());
  return outcome && *outcome ? kStoppedBySignal : kFailed;
}
