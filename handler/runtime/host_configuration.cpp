#include "runtime/host_configuration.h"

#include "core/json.h"
#include "core/result.h"
#include "http/message.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <initializer_list>
#include <iterator>

namespace azf {
namespace {

constexpr auto kRoutePrefixVariable = "AzureFunctionsJobHost__extensions__http__routePrefix";
constexpr auto kFunctionTimeoutVariable = "AzureFunctionsJobHost__functionTimeout";

const std::string* find_text(const Json& root, std::initializer_list<std::string_view> path) {
  const Json* node = find_setting(root, path);
  return node == nullptr ? nullptr : node->get_ptr<const std::string*>();
}

// The host accepts comments, so the strict reader of core/json.h will not do.
Result<Json> read_host_json(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error{ErrorKind::kNotFound, "the file cannot be opened"};
  const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  auto json = Json::parse(text, nullptr, /*allow_exceptions=*/false, /*ignore_comments=*/true);
  if (!json.is_object()) return Error{ErrorKind::kInvalidArgument, "the file is not a JSON object"};
  return json;
}

std::string_view without_slashes(std::string_view prefix) {
  while (prefix.starts_with('/')) prefix.remove_prefix(1);
  while (prefix.ends_with('/')) prefix.remove_suffix(1);
  return prefix;
}

// Whether the host puts its own settings for apps that are web servers under those of the file.
bool serves_whole_site(const Json& root) {
  const auto* profile = find_text(root, {"configurationProfile"});
  return profile != nullptr && (equal_ignoring_case(*profile, "mcp-custom-handler") ||
                                equal_ignoring_case(*profile, "web-app-custom-handler"));
}

HostSettings load(const Environment& environment, const Logger& log) {
  HostSettings settings;
  if (environment.get("WEBSITE_SKU") == "Dynamic") settings.function_timeout = std::chrono::minutes(5);

  const auto prefix_override = environment.get(kRoutePrefixVariable);
  const auto timeout_override = environment.get(kFunctionTimeoutVariable);
  const auto root = environment.get("FUNCTIONS_APP_ROOT_PATH");
  const std::string file = (root ? std::string(*root) + "/" : std::string()) + "host.json";
  Json json = Json::object();
  if (!prefix_override || !timeout_override) {
    if (auto read = read_host_json(file)) {
      json = std::move(*read);
    } else {
      log.warning("host.json is not usable; the host's defaults are assumed",
                  {{"file", file}, {"reason", read.error().message}});
    }
  }

  const auto* prefix_in_file = find_text(json, {"extensions", "http", "routePrefix"});
  if (prefix_override) {
    settings.route_prefix = without_slashes(*prefix_override);
  } else if (prefix_in_file != nullptr) {
    settings.route_prefix = without_slashes(*prefix_in_file);
  } else if (serves_whole_site(json)) {
    settings.route_prefix.clear();
  }

  const auto* timeout_in_file = find_text(json, {"functionTimeout"});
  const auto timeout = timeout_override             ? timeout_override
                       : timeout_in_file != nullptr ? std::optional<std::string_view>(*timeout_in_file)
                                                    : std::nullopt;
  if (timeout == "-1") {
    settings.function_timeout = std::nullopt;
  } else if (timeout) {
    if (const auto span = parse_time_span(*timeout)) {
      settings.function_timeout = span;
    } else {
      log.warning("functionTimeout is not a time span such as 00:05:00; the host's default is assumed",
                  {{"source", timeout_override ? kFunctionTimeoutVariable : file}});
    }
  }
  return settings;
}

}  // namespace

HostConfiguration::HostConfiguration(const Environment& environment, const Logger& log)
    : environment_(environment), log_(log) {}

const HostSettings& HostConfiguration::settings() const {
  std::call_once(once_, [this] { settings_ = load(environment_, log_); });
  return settings_;
}

const Json* find_setting(const Json& root, std::initializer_list<std::string_view> path) {
  const Json* node = &root;
  for (const auto name : path) {
    const auto* object = node->get_ptr<const Json::object_t*>();
    if (object == nullptr) return nullptr;
    const auto found =
        std::ranges::find_if(*object, [name](const auto& member) { return equal_ignoring_case(member.first, name); });
    if (found == object->end()) return nullptr;
    node = &found->second;
  }
  return node;
}

std::optional<std::chrono::nanoseconds> parse_time_span(std::string_view text) {
  struct Unit {
    std::chrono::seconds length;
    std::int64_t greatest;
  };
  constexpr Unit kUnits[] = {{std::chrono::days(1), 100'000},  // more does not fit into nanoseconds
                             {std::chrono::hours(1), 23},
                             {std::chrono::minutes(1), 59},
                             {std::chrono::seconds(1), 59}};
  struct Shape {
    std::string_view marks;
    std::size_t first_unit;
  };
  constexpr Shape kShapes[] = {{"", 0}, {":", 1}, {"::", 1}, {".:", 0}, {".::", 0}};

  std::string marks;
  std::ranges::copy_if(text, std::back_inserter(marks), [](char c) { return c < '0' || c > '9'; });
  const auto* shape = std::ranges::find(kShapes, marks, &Shape::marks);
  if (shape == std::end(kShapes)) return std::nullopt;

  std::chrono::seconds span{};
  for (const auto* unit = kUnits + shape->first_unit;; ++unit) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || number > unit->greatest) return std::nullopt;
    span += number * unit->length;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) break;
    text.remove_prefix(1);  // the mark
  }
  if (span == std::chrono::seconds::zero()) return std::nullopt;
  return span;
}

}  // namespace azf
