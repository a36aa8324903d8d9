#include "emulator/host/function_app.h"

#include "emulator/host/ncrontab.h"
#include "emulator/host/route_template.h"
#include "emulator/wire/coding.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

namespace azf::emulator {
namespace {

namespace fs = std::filesystem;

Error wrong(std::string message) { return {ErrorKind::kInvalidArgument, std::move(message)}; }

Result<Json> load_json(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return Error{ErrorKind::kNotFound, "cannot read " + file.string()};
  std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  // A byte order mark, which editors on Windows write, is no part of the JSON text.
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  auto json = parse_json(text);
  if (!json) return with_context(std::move(json).error(), file.string());
  return json;
}

// A member of a configuration section; names are compared as .NET's configuration does, without letter case.
const Json* section(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  for (const auto& [key, value] : object.items()) {
    if (equal_ignoring_case(key, name) && !value.is_null()) return &value;
  }
  return nullptr;
}

std::string text_of(const Json* value) {
  if (value == nullptr) return {};
  return value->is_string() ? value->get_ref<const std::string&>() : to_text(*value);
}

std::string text_member(const Json& object, std::string_view name) { return text_of(section(object, name)); }

bool bool_member(const Json& object, std::string_view name, bool otherwise) {
  const Json* value = section(object, name);
  if (value == nullptr) return otherwise;
  return value->is_boolean() ? value->get<bool>() : equal_ignoring_case(text_of(value), "true");
}

std::vector<std::string> texts_member(const Json& object, std::string_view name) {
  std::vector<std::string> texts;
  const Json* value = section(object, name);
  if (value == nullptr || !value->is_array()) return texts;
  for (const auto& element : *value) texts.push_back(text_of(&element));
  return texts;
}

// Each variable `AzureFunctionsJobHost__a__b` takes the place of the setting `a.b` of host.json (azure-functions-host,
// `HostJsonFileConfigurationSource.cs`; the variables are a later source of the same configuration).
void apply_overrides(Json& host_json, const Variables& variables) {
  constexpr std::string_view kPrefix = "AzureFunctionsJobHost__";
  constexpr std::string_view kSeparator = "__";
  for (const auto& [name, value] : variables) {
    if (!equal_ignoring_case(std::string_view(name).substr(0, kPrefix.size()), kPrefix)) continue;
    Json* place = &host_json;
    std::string_view path = std::string_view(name).substr(kPrefix.size());
    if (path.empty() || !host_json.is_object()) continue;
    while (place->is_object() && !path.empty()) {
      const std::string_view key = path.substr(0, path.find(kSeparator));
      path.remove_prefix(std::min(path.size(), key.size() + kSeparator.size()));
      auto known = place->begin();
      while (known != place->end() && !equal_ignoring_case(known.key(), key)) ++known;
      place = known == place->end() ? &(*place)[std::string(key)] : &*known;
      if (place->is_null() && !path.empty()) *place = Json::object();
    }
    if (path.empty()) *place = value;
  }
}

Result<HostSettings> parse_host_settings(const Json& json, const Variables& variables) {
  if (text_member(json, "version") != "2.0") return wrong("\"version\" must be \"2.0\"");
  HostSettings settings;
  settings.functions = texts_member(json, "functions");
  if (const Json* extensions = section(json, "extensions")) {
    const Json* http = section(*extensions, "http");
    const Json* prefix = http == nullptr ? nullptr : section(*http, "routePrefix");
    if (prefix != nullptr) settings.route_prefix = text_of(prefix);
  }
  while (settings.route_prefix.starts_with('/')) settings.route_prefix.erase(0, 1);
  while (settings.route_prefix.ends_with('/')) settings.route_prefix.pop_back();
  if (const std::string text = text_member(json, "functionTimeout"); text == "-1") {
    settings.function_timeout.reset();
  } else if (!text.empty()) {
    settings.function_timeout = parse_time_span(text);
    if (!settings.function_timeout) return wrong("\"functionTimeout\" must be \"hh:mm:ss\" or \"-1\"");
  }

  const Json* handler = section(json, "customHandler");
  if (handler == nullptr) return wrong("there is no \"customHandler\" section");
  const Json* description = section(*handler, "description");
  if (description == nullptr) return wrong("customHandler: Missing worker Description.");
  settings.executable = expand_variables(text_member(*description, "defaultExecutablePath"), variables);
  if (settings.executable.empty()) return wrong("customHandler.description.defaultExecutablePath cannot be empty");
  settings.arguments = texts_member(*description, "arguments");
  settings.worker_path = expand_variables(text_member(*description, "defaultWorkerPath"), variables);
  settings.worker_arguments = texts_member(*description, "workerArguments");
  settings.working_directory = text_member(*description, "workingDirectory");
  settings.worker_directory = text_member(*description, "workerDirectory");
  settings.stderr_is_for_errors_only = bool_member(*description, "useStdErrorStreamForErrorsOnly", true);
  settings.forwards_http = bool_member(*handler, "enableForwardingHttpRequest", false);
  settings.proxies_http = bool_member(*handler, "enableProxyingHttpRequest", false);
  if (const std::string text = text_member(*handler, "initializationTimeout"); !text.empty()) {
    const auto span = parse_time_span(text);
    if (!span) return wrong("customHandler.initializationTimeout must be \"hh:mm:ss\"");
    settings.initialization_timeout = *span;
  }
  return settings;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// azure-functions-host, `Utility.IsValidFunctionName`.
bool is_function_name(std::string_view name) {
  return !name.empty() && name.size() <= 128 && is_letter(name.front()) && !equal_ignoring_case(name, "host") &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '_' || c == '-'; });
}

bool is_binding_name(std::string_view name) {
  return name == "$return" ||
         (!name.empty() && name.size() <= 128 && is_letter(name.front()) &&
          std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); }));
}

// Every text in a binding may name app settings.
void expand_texts(Json& value, const Variables& variables) {
  if (value.is_string()) {
    value = expand_variables(value.get_ref<const std::string&>(), variables);
  } else if (value.is_structured()) {
    for (auto& element : value) expand_texts(element, variables);
  }
}

Result<Binding> parse_binding(const Json& json, const Variables& variables) {
  auto name = required_string(json, "name");
  if (!name) return std::move(name).error();
  auto type = required_string(json, "type");
  if (!type) return std::move(type).error();
  if (!is_binding_name(*name)) return wrong("the binding name \"" + *name + "\" is invalid");
  const std::string direction = text_member(json, "direction");
  Binding binding{std::move(*name), std::move(*type), Direction::kIn, json};
  if (equal_ignoring_case(direction, "out")) {
    binding.direction = Direction::kOut;
  } else if (!direction.empty() && !equal_ignoring_case(direction, "in")) {
    return wrong("the binding direction \"" + direction + "\" is not supported");
  }
  expand_texts(binding.properties, variables);
  return binding;
}

// `AzureWebJobs.<name>.Disabled`, and its form for systems that allow no dots in variables.
bool is_disabled(std::string_view name, const Variables& variables) {
  for (const char separator : {'.', '_'}) {
    const auto found =
        variables.find(std::string("AzureWebJobs") + separator + std::string(name) + separator + "Disabled");
    if (found != variables.end() && (equal_ignoring_case(found->second, "true") || found->second == "1")) return true;
  }
  return false;
}

Result<FunctionDefinition> parse_function(std::string name, Json json, const Variables& variables) {
  if (!is_function_name(name)) return wrong("the name is invalid");
  FunctionDefinition function{std::move(name), {}, {}, false};
  const Json* bindings = find_member(json, "bindings");
  if (bindings == nullptr || !bindings->is_array() || bindings->empty()) return wrong("at least one binding is needed");
  std::set<std::string> names;
  for (const auto& element : *bindings) {
    auto binding = parse_binding(element, variables);
    if (!binding) return std::move(binding).error();
    if (!names.insert(to_lower(binding->name)).second) {
      return wrong("the binding name \"" + binding->name + "\" occurs twice");
    }
    function.bindings.push_back(std::move(*binding));
  }
  const auto triggers = std::count_if(function.bindings.begin(), function.bindings.end(),
                                      [](const Binding& binding) { return binding.is_trigger(); });
  if (triggers != 1) return wrong("exactly one trigger is needed, there are " + std::to_string(triggers));
  const Binding& trigger = function.trigger();
  if (trigger.is("httpTrigger")) {
    const std::string route = to_lower(function.route());
    if (route.starts_with("admin") || route.starts_with("runtime")) {
      return wrong("the route must not begin with \"admin\" or \"runtime\"");
    }
    if (auto parsed = RouteTemplate::parse(function.route()); !parsed) return std::move(parsed).error();
  }
  if (trigger.is("timerTrigger")) {
    if (auto schedule = TimerSchedule::parse(trigger.text("schedule")); !schedule) return std::move(schedule).error();
  }
  if (trigger.is("queueTrigger") && trigger.text("queueName").empty()) return wrong("\"queueName\" is missing");
  function.disabled = is_disabled(function.name, variables);
  function.configuration = std::move(json);
  return function;
}

// Two functions of one template may not share a method; the one that comes later is the error.
std::optional<std::string> conflict(const FunctionDefinition& function,
                                    const std::vector<FunctionDefinition>& earlier) {
  if (!function.trigger().is("httpTrigger")) return std::nullopt;
  const auto methods = function.methods();
  for (const auto& other : earlier) {
    if (!other.trigger().is("httpTrigger") || !equal_ignoring_case(other.route(), function.route())) continue;
    const auto taken = other.methods();
    const bool disjoint =
        !methods.empty() && !taken.empty() &&
        std::find_first_of(methods.begin(), methods.end(), taken.begin(), taken.end()) == methods.end();
    if (!disjoint) return "its route and method belong to the function \"" + other.name + "\" already";
  }
  return std::nullopt;
}

bool before_by_name(const fs::path& a, const fs::path& b) {
  return to_lower(a.filename().string()) < to_lower(b.filename().string());
}

}  // namespace

bool Binding::is(std::string_view type_name) const { return equal_ignoring_case(type, type_name); }
bool Binding::is_trigger() const { return to_lower(type).ends_with("trigger"); }
bool Binding::is_binary() const { return equal_ignoring_case(text("dataType"), "binary"); }
std::string Binding::text(std::string_view property) const { return text_member(properties, property); }

const Binding& FunctionDefinition::trigger() const {
  return *std::find_if(bindings.begin(), bindings.end(), [](const Binding& binding) { return binding.is_trigger(); });
}

const Binding* FunctionDefinition::find_output(std::string_view type) const {
  const auto found = std::find_if(bindings.begin(), bindings.end(), [&](const Binding& binding) {
    return binding.direction == Direction::kOut && binding.is(type);
  });
  return found == bindings.end() ? nullptr : &*found;
}

bool FunctionDefinition::is_http_in_and_out() const {
  const auto inputs = std::count_if(bindings.begin(), bindings.end(),
                                    [](const Binding& binding) { return binding.direction == Direction::kIn; });
  return bindings.size() == 2 && inputs == 1 && trigger().is("httpTrigger") && find_output("http") != nullptr;
}

std::string FunctionDefinition::route() const {
  std::string route = trigger().text("route");
  while (route.starts_with('/')) route.erase(0, 1);
  while (route.ends_with('/')) route.pop_back();
  return section(trigger().properties, "route") == nullptr ? name : route;
}

std::vector<std::string> FunctionDefinition::methods() const {
  auto methods = texts_member(trigger().properties, "methods");
  for (auto& method : methods) {
    std::transform(method.begin(), method.end(), method.begin(),
                   [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  }
  return methods;
}

AuthLevel FunctionDefinition::auth_level() const {
  const std::string level = trigger().text("authLevel");
  if (equal_ignoring_case(level, "anonymous")) return AuthLevel::kAnonymous;
  return level.empty() || equal_ignoring_case(level, "function") ? AuthLevel::kFunction : AuthLevel::kAdmin;
}

const FunctionDefinition* FunctionApp::find(std::string_view name) const {
  const auto found = std::find_if(functions.begin(), functions.end(), [&](const FunctionDefinition& function) {
    return equal_ignoring_case(function.name, name);
  });
  return found == functions.end() ? nullptr : &*found;
}

std::string expand_variables(std::string_view text, const Variables& variables) {
  std::string expanded;
  while (!text.empty()) {
    const auto begin = text.find('%');
    const auto end = begin == std::string_view::npos ? begin : text.find('%', begin + 1);
    if (end == std::string_view::npos) break;
    const auto found = variables.find(text.substr(begin + 1, end - begin - 1));
    expanded.append(text.substr(0, begin));
    if (found == variables.end()) {
      // The second sign may begin another name.
      expanded.append(text.substr(begin, end - begin));
      text.remove_prefix(end);
    } else {
      expanded.append(found->second);
      text.remove_prefix(end + 1);
    }
  }
  return expanded.append(text);
}

Result<FunctionApp> load_function_app(const fs::path& root, const std::vector<std::string>& only,
                                      const Variables& variables) {
  std::error_code status;
  FunctionApp app;
  app.root = fs::canonical(root, status);
  if (status) return Error{ErrorKind::kNotFound, "there is no folder " + root.string()};
  auto host_json = load_json(app.root / "host.json");
  if (!host_json) return with_context(std::move(host_json).error(), "no function app in " + app.root.string());
  apply_overrides(*host_json, variables);
  auto settings = parse_host_settings(*host_json, variables);
  if (!settings) return with_context(std::move(settings).error(), (app.root / "host.json").string());
  app.settings = std::move(*settings);
  const auto& wanted = only.empty() ? app.settings.functions : only;

  std::vector<fs::path> folders;
  for (fs::directory_iterator at(app.root, status), end; !status && at != end; at.increment(status)) {
    if (at->is_directory(status) && fs::exists(at->path() / "function.json", status)) folders.push_back(at->path());
  }
  std::sort(folders.begin(), folders.end(), before_by_name);
  for (const auto& folder : folders) {
    const std::string name = folder.filename().string();
    if (!wanted.empty() && std::none_of(wanted.begin(), wanted.end(),
                                        [&](const std::string& entry) { return equal_ignoring_case(entry, name); })) {
      continue;
    }
    auto json = load_json(folder / "function.json");
    if (!json) {
      app.problems.push_back(name + ": " + json.error().message);
      continue;
    }
    auto function = parse_function(name, std::move(*json), variables);
    if (!function) {
      app.problems.push_back(name + ": " + function.error().message);
    } else if (const auto reason = conflict(*function, app.functions)) {
      app.problems.push_back(name + ": " + *reason);
    } else {
      app.functions.push_back(std::move(*function));
    }
  }
  return app;
}

Result<Variables> load_local_settings(const fs::path& root) {
  const fs::path file = root / "local.settings.json";
  std::error_code status;
  Variables settings;
  if (!fs::exists(file, status)) return settings;
  auto json = load_json(file);
  if (!json) return std::move(json).error();
  if (bool_member(*json, "IsEncrypted", true)) {
    return wrong(file.string() + " is encrypted, or does not say \"IsEncrypted\": false");
  }
  const Json* values = section(*json, "Values");
  if (values == nullptr || !values->is_object()) return settings;
  for (const auto& [name, value] : values->items()) settings.emplace(name, text_of(&value));
  return settings;
}

}  // namespace azf::emulator
