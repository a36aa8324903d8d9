#include "runtime/function_json.h"

#include "core/json.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <optional>
#include <system_error>

namespace azf {
namespace {

namespace fs = std::filesystem;

constexpr auto kFileName = "function.json";
// The host reads this member and does nothing with it for custom handlers; it tells our files from others.
constexpr auto kGeneratedBy = "azure-functions-handler";

// Members keep the order in which they are added: what a person looks for first comes first.
using OrderedJson = nlohmann::ordered_json;

void add_members(const HttpTrigger& trigger, OrderedJson& json) {
  json["authLevel"] = to_string(trigger.auth_level);
  if (!trigger.methods.empty()) {
    OrderedJson methods = OrderedJson::array();
    for (const auto method : trigger.methods) {
      std::string name(to_string(method));
      std::ranges::transform(name, name.begin(), [](char c) { return static_cast<char>(c | 0x20); });
      methods.push_back(std::move(name));
    }
    json["methods"] = std::move(methods);
  }
  if (!trigger.route.empty()) json["route"] = trigger.route;
}

void add_members(const HttpOutput&, OrderedJson&) {}

void add_members(const TimerTrigger& trigger, OrderedJson& json) { json["schedule"] = trigger.schedule; }

void add_members(const QueueTrigger& trigger, OrderedJson& json) {
  json["queueName"] = trigger.queue_name;
  json["connection"] = trigger.connection;
  if (trigger.data_type == DataType::kBinary) json["dataType"] = "binary";
}

void add_members(const QueueOutput& output, OrderedJson& json) {
  json["queueName"] = output.queue_name;
  json["connection"] = output.connection;
}

void add_members(const GenericBinding& binding, OrderedJson& json) {
  for (const auto& [name, value] : binding.properties.items()) json[name] = value;
}

std::optional<std::string> read_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return std::nullopt;
  return std::string(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
}

bool is_generated(const std::string& text) {
  const auto json = parse_json(text);
  if (!json) return false;
  const auto generated_by = optional_string(*json, "generatedBy");
  return generated_by && *generated_by == kGeneratedBy;
}

Error failed(std::string_view what, const fs::path& path, const std::error_code& code) {
  return {ErrorKind::kInternal, std::string(what) + " " + path.string() + ": " + code.message()};
}

// Returns whether there was something to write.
Result<bool> write_one(const FunctionMetadata& metadata, const fs::path& folder) {
  const auto file = folder / kFileName;
  const auto wanted = to_function_json(metadata);
  const auto found = read_file(file);
  if (found == wanted) return false;
  if (found && !is_generated(*found)) {
    return Error{ErrorKind::kInvalidArgument, file.string() + " was not written by this program; remove it first"};
  }
  std::error_code code;
  fs::create_directories(folder, code);
  if (code) return failed("cannot create", folder, code);
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << wanted;
  out.close();
  if (!out) return Error{ErrorKind::kInternal, "cannot write " + file.string()};
  return true;
}

Result<Success> remove_stale(std::span<const Function> functions, const fs::path& directory,
                             FunctionJsonChanges& changes) {
  std::error_code code;
  for (const auto& entry : fs::directory_iterator(directory, code)) {
    const auto name = entry.path().filename().string();
    const auto same_name = [&name](const Function& function) { return function.metadata.name == name; };
    if (std::ranges::any_of(functions, same_name)) continue;
    const auto text = read_file(entry.path() / kFileName);
    if (!text || !is_generated(*text)) continue;
    const auto files = std::distance(fs::directory_iterator(entry.path(), code), fs::directory_iterator());
    if (files != 1) {
      changes.left.push_back(name);
      continue;
    }
    fs::remove_all(entry.path(), code);
    if (code) return failed("cannot remove", entry.path(), code);
    changes.removed.push_back(name);
  }
  if (code) return failed("cannot list", directory, code);
  return Success{};
}

}  // namespace

std::string to_function_json(const FunctionMetadata& metadata) {
  OrderedJson bindings = OrderedJson::array();
  for (const auto& binding : metadata.bindings) {
    OrderedJson json = {{"type", binding_type(binding)},
                        {"direction", to_string(binding_direction(binding))},
                        {"name", binding_name(binding)}};
    std::visit([&json](const auto& alternative) { add_members(alternative, json); }, binding);
    bindings.push_back(std::move(json));
  }
  const OrderedJson root = {{"generatedBy", kGeneratedBy}, {"bindings", std::move(bindings)}};
  return root.dump(2, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

Result<FunctionJsonChanges> write_function_json(std::span<const Function> functions, const fs::path& directory) {
  FunctionJsonChanges changes;
  for (const auto& function : functions) {
    const auto written = write_one(function.metadata, directory / function.metadata.name);
    if (!written) return written.error();
    if (*written) changes.written.push_back(function.metadata.name);
  }
  auto removed = remove_stale(functions, directory, changes);
  if (!removed) return std::move(removed).error();
  std::ranges::sort(changes.removed);
  std::ranges::sort(changes.left);
  return changes;
}

}  // namespace azf
