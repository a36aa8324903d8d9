#include "cli/functions.h"

#include "core/json.h"
#include "runtime/function_json.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace azf::cli {
namespace {

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

std::string url_path(const FunctionMetadata& metadata, const HttpTrigger& trigger, const HostSettings& host) {
  const std::string& route = trigger.route.empty() ? metadata.name : trigger.route;
  return host.route_prefix.empty() ? "/" + route : "/" + host.route_prefix + "/" + route;
}

std::string method_list(const HttpTrigger& trigger) {
  std::string list;
  for (const Method method : trigger.methods) list.append(list.empty() ? "" : ",").append(to_string(method));
  return list.empty() ? "any" : list;
}

// What starts the function, for people: `GET,POST /api/greet/{name?}`, `0 */5 * * * *`, `relay-in`.
std::string started_by(const FunctionMetadata& metadata, const HostSettings& host) {
  for (const Binding& binding : metadata.bindings) {
    if (const auto* http = std::get_if<HttpTrigger>(&binding)) {
      return method_list(*http) + " " + url_path(metadata, *http, host);
    }
    if (const auto* timer = std::get_if<TimerTrigger>(&binding)) return timer->schedule;
    if (const auto* queue = std::get_if<QueueTrigger>(&binding)) return queue->queue_name;
  }
  return "";
}

std::string_view trigger_type(const FunctionMetadata& metadata) {
  const auto trigger = std::find_if(metadata.bindings.begin(), metadata.bindings.end(), is_trigger);
  return trigger == metadata.bindings.end() ? "" : binding_type(*trigger);
}

std::string_view key_level(const FunctionMetadata& metadata) {
  const HttpTrigger* http = http_trigger(metadata);
  return http == nullptr ? "" : to_string(http->auth_level);
}

std::string table(std::span<const Function> functions, const HostSettings& host) {
  std::vector<std::array<std::string, 4>> rows = {{"NAME", "TRIGGER", "KEY", "STARTED BY"}};
  for (const Function& function : functions) {
    const FunctionMetadata& metadata = function.metadata;
    rows.push_back({metadata.name, std::string(trigger_type(metadata)), std::string(key_level(metadata)),
                    started_by(metadata, host)});
  }
  std::array<std::size_t, 4> widths{};
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    for (std::size_t i = 0; i + 1 < row.size(); ++i) {
      text.append(row[i]).append(widths[i] - row[i].size() + 2, ' ');
    }
    text.append(row.back()).push_back('\n');
  }
  return text;
}

std::string json(std::span<const Function> functions, const HostSettings& host) {
  Json list = Json::array();
  for (const Function& function : functions) {
    const FunctionMetadata& metadata = function.metadata;
    Json entry = {
        {"name", metadata.name}, {"trigger", trigger_type(metadata)}, {"token_scopes", metadata.token_scopes}};
    if (const HttpTrigger* http = http_trigger(metadata)) {
      entry["path"] = url_path(metadata, *http, host);
      entry["auth_level"] = to_string(http->auth_level);
      entry["methods"] = Json::array();
      for (const Method method : http->methods) entry["methods"].push_back(to_string(method));
    }
    if (auto content = parse_json(to_function_json(metadata))) entry["function_json"] = *std::move(content);
    list.push_back(std::move(entry));
  }
  return list.dump(2) + "\n";
}

int write(std::span<const Function> functions, const std::filesystem::path& directory) {
  const auto changes = write_function_json(functions, directory);
  if (!changes) {
    std::fprintf(stderr, "handler: %s\n", changes.error().message.c_str());
    return kFailure;
  }
  for (const auto& name : changes->written) print("wrote    " + name + "/function.json\n");
  for (const auto& name : changes->removed) print("removed  " + name + "\n");
  for (const auto& name : changes->left) {
    std::fprintf(stderr, "handler: warning: %s holds other files too and was left; the host will load it\n",
                 name.c_str());
  }
  print(std::to_string(functions.size()) + " functions in " + directory.string() +
        (changes->written.empty() && changes->removed.empty() ? ", all up to date\n" : "\n"));
  return kSuccess;
}

}  // namespace

int list_functions(const FunctionsCommand& command, const Router& router, const HostConfiguration& host) {
  if (command.write_to) return write(router.functions(), *command.write_to);
  print(command.format == FunctionsCommand::Format::kJson ? json(router.functions(), host.settings())
                                                          : table(router.functions(), host.settings()));
  return kSuccess;
}

}  // namespace azf::cli
