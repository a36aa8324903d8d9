#include "cli/doctor.h"

#include "cli/doctor_checks.h"
#include "cli/doctor_variables.h"
#include "http/message.h"
#include "identity/credential_factory.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace azf::cli {
namespace {

using identity::CredentialServices;

// Creating credentials asks nobody, but tells what is wrong with settings: the same words as later, when it matters.
std::vector<std::string> setting_errors(const CredentialServices& services) {
  std::vector<std::string> errors;
  for (const std::string_view name : {"AzureCliCredential", "DefaultAzureCredential"}) {
    const auto credential = identity::create_credential(name, {}, services);
    if (credential || credential.error().kind != ErrorKind::kInvalidArgument) continue;
    const std::string& message = credential.error().message;
    const bool known = std::ranges::any_of(errors, [&](const std::string& each) { return message.ends_with(each); });
    if (!known) errors.push_back(message);
  }
  return errors;
}

// Standard output may be somebody's JSON.
void show_device_code(const identity::DeviceCodePrompt& prompt) {
  std::fprintf(stderr, "%s\n", prompt.message.c_str());
}

TokenReplies ask_for_tokens(const DoctorCommand& command, const CredentialServices& services) {
  TokenReplies replies{.check = {.id = "tokens", .title = "Tokens by " + command.credential}, .attempts = {}};
  if (command.offline) {
    replies.check.status = CheckStatus::kSkipped;
    replies.check.found.emplace_back("not asked for: --offline");
    return replies;
  }
  identity::CredentialOptions options;
  options.show_device_code = show_device_code;
  const auto credential = identity::create_credential(command.credential, options, services);
  if (!credential) {
    replies.check.fail(credential.error().message, "correct the variable that this names; see the check variables");
    return replies;
  }
  return check_tokens(**credential, command.scopes, services.clock, command.timeout);
}

// Runs checks one by one: measures them, and lets nothing out that no stranger may see.
class Examination {
 public:
  Examination(const DoctorServices& services, const ValueFilter& filter) : services_(services), filter_(filter) {}

  template <typename Run>
  void check(std::string_view title, Run run) {
    if (services_.progress) services_.progress(title);
    const auto began = services_.credentials.clock.steady_now();
    Check outcome = filter_(run());
    outcome.duration = std::chrono::round<std::chrono::milliseconds>(services_.credentials.clock.steady_now() - began);
    diagnosis_.checks.push_back(std::move(outcome));
  }

  void attempts(std::vector<ScopeAttempts> list) {
    for (ScopeAttempts& scope : list) {
      for (identity::Attempt& attempt : scope.attempts) attempt = filter_(std::move(attempt));
    }
    diagnosis_.attempts = std::move(list);
  }

  [[nodiscard]] Diagnosis diagnosis() && { return weighed(std::move(diagnosis_)); }

 private:
  const DoctorServices& services_;
  const ValueFilter& filter_;
  Diagnosis diagnosis_;
};

bool is_terminal_with_colours(const Environment& environment) {
  return ::isatty(STDOUT_FILENO) != 0 && !environment.has("NO_COLOR") && environment.get("TERM") != "dumb";
}

}  // namespace

Diagnosis diagnose(const DoctorCommand& command, const DoctorServices& services) {
  const CredentialServices& credentials = services.credentials;
  const Environment& environment = credentials.environment;
  const Clock& clock = credentials.clock;
  HttpTransport* const transport = command.offline ? nullptr : &credentials.transport;
  const Selection selection{command.credential};
  const AppFolder folder = app_folder(environment, services.current_folder);
  const ValueFilter filter(environment);
  Examination examination(services, filter);

  examination.check("variables", [&] { return check_variables(environment, setting_errors(credentials)); });
  examination.check("settings", [&] { return check_settings(environment); });
  examination.check("managed identity", [&] {
    return check_identity_source(environment, selection, transport, clock, command.timeout,
                                 services.root + "/opt/azcmagent/bin/himds");
  });
  examination.check("federated token", [&] { return check_federated_token_file(environment, clock.system_now()); });
  examination.check("certificate", [&] { return check_certificate_file(environment); });
  examination.check("developer tools", [&] { return check_developer_tools(environment, selection); });
  examination.check("kept tokens", [&] { return check_tool_token_cache(environment); });
  examination.check("proxy", [&] { return check_proxy(environment); });
  examination.check("name look-up", [&] {
    return check_dns(environment, command.offline ? NameLookup() : services.look_up, command.timeout);
  });
  examination.check("trusted certificates", [&] { return check_tls_trust(environment, services.root); });
  std::optional<std::chrono::seconds> clock_ahead;
  examination.check("Microsoft Entra", [&] {
    auto reply = check_authority(environment, transport, clock, command.timeout);
    clock_ahead = reply.clock_ahead;
    return std::move(reply.check);
  });
  examination.check("clock", [&] { return check_clock(clock_ahead); });
  examination.check("host.json", [&] { return check_host_json(folder); });
  examination.check("functions", [&] { return check_function_folders(folder, services.functions); });
  examination.check("local.settings.json", [&] { return check_local_settings(folder); });
  examination.check("port", [&] { return check_port(environment); });
  examination.check("tokens", [&] {
    auto replies = ask_for_tokens(command, credentials);
    examination.attempts(std::move(replies.attempts));
    return std::move(replies.check);
  });
  return std::move(examination).diagnosis();
}

int run_doctor(const DoctorCommand& command, const CredentialServices& services, std::span<const Function> functions) {
  const auto known = identity::known_credentials();
  if (std::ranges::none_of(known,
                           [&](const auto& each) { return equal_ignoring_case(each.name, command.credential); })) {
    std::fprintf(stderr, "handler: unknown credential; `handler token --help` lists those that there are\n");
    return kWrongUsage;
  }
  std::error_code failure;
  DoctorServices doctor{
      .credentials = services, .functions = functions, .current_folder = std::filesystem::current_path(failure)};
  const bool shows_progress = ::isatty(STDERR_FILENO) != 0;
  if (shows_progress) {
    doctor.progress = [](std::string_view title) {
      std::fprintf(stderr, "\r\033[Kchecking %.*s ...", static_cast<int>(title.size()), title.data());
    };
  }
  const Diagnosis diagnosis = diagnose(command, doctor);
  if (shows_progress) std::fputs("\r\033[K", stderr);
  const std::string report =
      command.format == DoctorCommand::Format::kJson
          ? report_json(diagnosis).dump(2, ' ', false, Json::error_handler_t::replace) + "\n"
          : report_text(diagnosis, is_terminal_with_colours(services.environment) ? Colours::kOn : Colours::kOff);
  std::fwrite(report.data(), 1, report.size(), stdout);
  return exit_code_of(diagnosis);
}

}  // namespace azf::cli
