#include "emulator/cli/host_command.h"

#include "emulator/cli/ready_file.h"
#include "emulator/cli/state_folder.h"
#include "emulator/host/forwarding.h"
#include "emulator/services/services_emulator.h"
#include "emulator/wire/coding.h"

#include <algorithm>
#include <memory>
#include <unistd.h>
#include <utility>

namespace azf::emulator {
namespace {

constexpr std::size_t kKeyBytes = 32;

HostKeys new_keys() {
  return {Secret(to_base64url(random_bytes(kKeyBytes))), Secret(to_base64url(random_bytes(kKeyBytes)))};
}

std::string method_list(const FunctionDefinition& function) {
  std::string list;
  for (const auto& method : function.methods()) list.append(list.empty() ? "" : ",").append(method);
  return list.empty() ? "any method" : list;
}

// The full route, but for an optional parameter at its end.
std::string plain_route(const FunctionApp& app, const FunctionDefinition& function) {
  std::string route = full_route(app, function);
  if (route.ends_with("?}")) route.erase(route.rfind('{'));
  while (route.size() > 1 && route.ends_with('/')) route.pop_back();
  return route;
}

bool allows_get(const FunctionDefinition& function) {
  const auto methods = function.methods();
  return methods.empty() || std::find(methods.begin(), methods.end(), "GET") != methods.end();
}

// A function that a plain GET can call without thinking, else the first one that HTTP triggers.
const FunctionDefinition* function_to_try(const FunctionApp& app) {
  const FunctionDefinition* first = nullptr;
  for (const auto& function : app.functions) {
    if (!function.trigger().is("httpTrigger") || function.disabled) continue;
    if (allows_get(function) && plain_route(app, function).find('{') == std::string::npos) return &function;
    if (first == nullptr) first = &function;
  }
  return first;
}

std::string curl_line(const FunctionApp& app, const FunctionDefinition& function, const std::string& url,
                      const std::optional<HostKeys>& keys) {
  std::string line = "curl -i";
  if (!allows_get(function)) line += " -X " + function.methods().front();
  if (keys && function.auth_level() != AuthLevel::kAnonymous) line += " -H 'x-functions-key: <key>'";
  return line + " '" + url + plain_route(app, function) + "'";
}

// What makes the function run.
std::string trigger_text(const FunctionApp& app, const FunctionDefinition& function, const std::string& url) {
  const Binding& trigger = function.trigger();
  if (trigger.is("httpTrigger")) return "[" + method_list(function) + "] " + url + full_route(app, function);
  if (trigger.is("queueTrigger")) return trigger.type + " " + trigger.text("queueName");
  if (trigger.is("timerTrigger")) return trigger.type + " " + trigger.text("schedule");
  return trigger.type;
}

void print_app(const Console& console, const FunctionApp& app, const std::string& url,
               const std::optional<HostKeys>& keys, const std::string& token_source, const ServicesEmulator* services) {
  console.print("");
  console.print("Emulated Azure Functions host " + std::string(kHostVersion) + ", " + app.root.string());
  console.print("");
  console.print("Functions:");
  for (const auto& function : app.functions) {
    console.print("  " + function.name + ": " + trigger_text(app, function, url) +
                  (function.disabled ? " (disabled)" : ""));
  }
  console.print("");
  if (const auto* function = function_to_try(app)) console.print("Try:     " + curl_line(app, *function, url, keys));
  console.print("Tokens:  " + token_source);
  if (services != nullptr) {
    console.print("Demo:    stand-ins of Azure services, which the handler uses where no service is set: " +
                  services->describe().value("openai_url", "") + " and others");
  }
  console.print("Admin:   " + url + "/admin/functions; start any function by POST {\"input\": \"...\"} to " + url +
                "/admin/functions/<name>");
  console.print("Control: " + url +
                "/emulator/queues, /emulator/handler, /emulator/journal, /emulator/replies/<endpoint>");
  if (keys) {
    console.print("Key:     function " + std::string(keys->function.expose()));
    console.print("         master   " + std::string(keys->master.expose()));
  }
  console.print("");
}

Json ready_record(const FunctionApp& app, const std::string& url, const std::optional<HostKeys>& keys,
                  IdentityKind kind, const IdentityEmulator& identity) {
  Json functions = Json::array();
  for (const auto& function : app.functions) {
    const bool http = function.trigger().is("httpTrigger");
    functions.push_back({{"name", function.name},
                         {"trigger", function.trigger().type},
                         {"url", http ? Json(url + full_route(app, function)) : Json()}});
  }
  Json identity_record = identity.describe();
  identity_record["kind"] = std::string(to_string(kind));
  Json record{{"url", url},
              {"control_url", url + "/emulator"},
              {"admin_url", url + "/admin"},
              {"functions", std::move(functions)},
              {"identity", std::move(identity_record)}};
  if (keys) {
    record["keys"] = {{"function", std::string(keys->function.expose())},
                      {"master", std::string(keys->master.expose())}};
  }
  return record;
}

// The stand-ins are on this machine, whatever proxy the shell names.
void exempt_loopback(Variables& variables) {
  for (const char* name : {"NO_PROXY", "no_proxy"}) {
    std::string& exemptions = variables[name];
    exemptions.append(exemptions.empty() ? "" : ",").append("127.0.0.1,localhost");
  }
}

std::optional<HostKeys> clone(const std::optional<HostKeys>& keys) {
  if (!keys) return std::nullopt;
  return HostKeys{keys->function.clone(), keys->master.clone()};
}

}  // namespace

Result<bool> run_host(const HostCommand& command, const Variables& environment, Termination& termination,
                      const Clock& clock) {
  StandardOutputSink sink;
  const bool text = command.log_format == LogFormat::kText;
  const Console console(
      sink, clock,
      {command.log_format, text && ::isatty(STDOUT_FILENO) == 1, command.verbose ? LogLevel::kDebug : LogLevel::kInfo});

  auto settings = load_local_settings(command.app_root);
  if (!settings) return std::move(settings).error();
  Variables variables = environment;
  for (const auto& [name, value] : *settings) {
    // The shell wins over the file.
    if (auto& variable = variables[name]; variable.empty()) variable = value;
  }
  auto app = load_function_app(command.app_root, command.functions, variables);
  if (!app) return std::move(app).error();
  for (const auto& problem : app->problems) {
    console.write(LogLevel::kError, kHostCategory, "The function was skipped: " + problem);
  }
  if (app->functions.empty()) {
    return Error{ErrorKind::kNotFound, "there is no function in " + app->root.string() +
                                           ": no folder in it has a function.json that can be used"};
  }

  auto folder = StateFolder::open(command.state_folder);
  if (!folder) return std::move(folder).error();
  auto identity = IdentityEmulator::start({.state_folder = folder->path()}, clock);
  if (!identity) return with_context(std::move(identity).error(), "the identity endpoints cannot start");
  for (auto& [name, value] : (*identity)->variables(command.identity)) variables.insert_or_assign(name, value);
  std::unique_ptr<ServicesEmulator> services;
  if (command.services) {
    auto started = ServicesEmulator::start({.state_folder = folder->path()}, **identity, clock);
    if (!started) return with_context(std::move(started).error(), "the services cannot start");
    services = std::move(*started);
    for (auto& [name, value] : services->variables()) variables.insert_or_assign(name, value);
    exempt_loopback(variables);
    // Variables of the platform may be set to see what they do; stand-ins are wanted all the same.
    if (command.mode == HostMode::kAzure) variables.insert_or_assign("AZF_DEMO", "allow");
  }
  if (!command.blob_endpoint.empty()) {
    variables.insert_or_assign("AZF_DEMO_AZURE_STORAGE_BLOB_ENDPOINT", command.blob_endpoint);
  }

  auto listener = listen_loopback(command.port);
  if (!listener) return std::move(listener).error();
  const std::string port = std::to_string(local_port(*listener));
  const std::optional<HostKeys> keys = command.require_keys ? std::optional(new_keys()) : std::nullopt;
  print_app(console, *app, "http://localhost:" + port, keys, (*identity)->explain(command.identity), services.get());

  const ReadyFile ready_file(command.ready_file);
  Json record = ready_record(*app, "http://127.0.0.1:" + port, keys, command.identity, **identity);
  if (services) record["services"] = services->describe();
  const auto on_ready = [&console, &ready_file, &record](const HandlerStatus& status) {
    console.write(LogLevel::kInfo, kHostCategory,
                  "Host started. The handler serves, process " + std::to_string(status.pid.value_or(0)) + ".");
    record["handler_pid"] = status.pid ? Json(*status.pid) : Json();
    if (const auto written = ready_file.write(record); !written) {
      console.write(LogLevel::kError, kHostCategory, written.error().message);
    }
  };
  auto host = Host::start(std::move(*app), {command.mode, clone(keys)}, std::move(*listener), std::move(variables),
                          [&identity](const Request& request) { return (*identity)->control(request); }, console, clock,
                          {on_ready, [&termination] { termination.report_failure(); }});
  if (!host) return std::move(host).error();
  return termination.wait();
}

}  // namespace azf::emulator
