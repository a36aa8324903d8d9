#include "emulator/cli/identity_command.h"

#include "emulator/cli/ready_file.h"
#include "emulator/cli/state_folder.h"
#include "emulator/services/services_emulator.h"

#include <iostream>
#include <memory>
#include <string>
#include <utility>

namespace azf::emulator {
namespace {

// As one word for a POSIX shell.
std::string shell_word(std::string_view text) {
  std::string word = "'";
  for (const char c : text) word.append(c == '\'' ? "'\\''" : std::string(1, c));
  return word + "'";
}

}  // namespace

Result<bool> run_identity(const IdentityCommand& command, Termination& termination, const Clock& clock) {
  const ReadyFile ready_file(command.ready_file);
  auto folder = StateFolder::open(command.state_folder);
  if (!folder) return std::move(folder).error();
  IdentityOptions options{
      .device_code_interval = std::chrono::seconds(command.device_code_interval_seconds),
      .http_port = command.http_port,
      .https_port = command.https_port,
      .state_folder = folder->path(),
  };
  if (!command.arc_key_folder.empty()) options.arc_key_folder = std::filesystem::absolute(command.arc_key_folder);
  auto identity = IdentityEmulator::start(std::move(options), clock);
  if (!identity) return std::move(identity).error();

  std::unique_ptr<ServicesEmulator> services;
  Variables variables = (*identity)->variables(command.kind);
  if (command.services) {
    auto started = ServicesEmulator::start({.state_folder = folder->path()}, **identity, clock);
    if (!started) return with_context(std::move(started).error(), "the services cannot start");
    services = std::move(*started);
    variables.merge(services->variables());
  }

  const Json record = (*identity)->describe();
  const Json services_record = services ? services->describe() : Json::object();
  if (command.print_environment) {
    for (const auto& [name, value] : variables) {
      std::cout << "export " << name << '=' << shell_word(value) << '\n';
    }
    std::cout << std::flush;
  } else {
    std::cout << "Emulated identity endpoints\n\n";
    for (const auto& [name, value] : record.items()) {
      std::cout << "  " << name << ": " << (value.is_string() ? value.get<std::string>() : to_text(value)) << '\n';
    }
    for (const auto& [name, value] : services_record.items()) {
      std::cout << "  " << name << ": " << value.get<std::string>() << '\n';
    }
    std::cout << "  control_url: " << (*identity)->http_url() << "/emulator\n\n"
              << "Run with --print-env for the variables that a program needs.\n"
              << std::flush;
  }
  Json ready{
      {"url", (*identity)->http_url()}, {"control_url", (*identity)->http_url() + "/emulator"}, {"identity", record}};
  if (services) ready["services"] = services_record;
  if (const auto written = ready_file.write(ready); !written) return written.error();
  return termination.wait();
}

}  // namespace azf::emulator
