#include "azure/service_policy.h"

#include "core/setting_problems.h"

#include <algorithm>
#include <array>
#include <utility>

namespace azf::azure {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// README.md of this folder shows it to people, with the reasons.
constexpr auto kServices = std::to_array<KnownService>({
    {.name = "openai",
     .endpoint_setting = "AZURE_OPENAI_ENDPOINT",
     .scope = "https://cognitiveservices.azure.com/.default",
     .try_timeout = seconds(120),
     .max_retries = 2,
     .base_delay = milliseconds(500),
     .delay_limit = seconds(8),
     .max_concurrent = 64,
     .max_waiting = 128},
    {.name = "session-pool",
     .endpoint_setting = "AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT",
     .scope = "https://dynamicsessions.io/.default",
     .try_timeout = seconds(250),
     .max_retries = 3,
     .base_delay = milliseconds(800),
     .delay_limit = seconds(30),
     .max_concurrent = 32,
     .max_waiting = 64},
    {.name = "key-vault",
     .endpoint_setting = "AZURE_KEY_VAULT_ENDPOINT",
     .scope = "https://vault.azure.net/.default",
     .try_timeout = seconds(30),
     .max_retries = 4,
     .base_delay = seconds(1),
     .delay_limit = seconds(16),
     .max_concurrent = 16,
     .max_waiting = 64},
    {.name = "blob",
     .endpoint_setting = "AZURE_STORAGE_BLOB_ENDPOINT",
     .scope = "https://storage.azure.com/.default",
     .try_timeout = seconds(60),
     .max_retries = 3,
     .base_delay = milliseconds(800),
     .delay_limit = seconds(30),
     .max_concurrent = 64,
     .max_waiting = 128},
    {.name = "queue",
     .endpoint_setting = "AZURE_STORAGE_QUEUE_ENDPOINT",
     .scope = "https://storage.azure.com/.default",
     .try_timeout = seconds(30),
     .max_retries = 3,
     .base_delay = milliseconds(800),
     .delay_limit = seconds(30),
     .max_concurrent = 32,
     .max_waiting = 64},
    {.name = "graph",
     .endpoint_setting = "MICROSOFT_GRAPH_ENDPOINT",
     .scope = "https://graph.microsoft.com/.default",
     .try_timeout = seconds(30),
     .max_retries = 3,
     .base_delay = milliseconds(800),
     .delay_limit = seconds(30),
     .max_concurrent = 16,
     .max_waiting = 64},
});

// A setting for each service, by the end of its name.
struct Setting {
  std::string_view name;
  NumberRange range;
  void (*apply)(ServicePolicy& policy, unsigned value);
};

constexpr auto kSettings = std::to_array<Setting>({
    {"CONNECT_TIMEOUT_SECONDS",
     {1, 60, "a whole number of seconds"},
     [](ServicePolicy& policy, unsigned value) { policy.connect_timeout = seconds(value); }},
    {"TRY_TIMEOUT_SECONDS",
     {1, 600, "a whole number of seconds"},
     [](ServicePolicy& policy, unsigned value) { policy.try_timeout = seconds(value); }},
    {"MAX_RETRIES",
     {0, 10},
     [](ServicePolicy& policy, unsigned value) { policy.retry.max_retries = static_cast<int>(value); }},
    {"MAX_CONCURRENT", {1, 512}, [](ServicePolicy& policy, unsigned value) { policy.bulkhead.max_concurrent = value; }},
    {"MAX_WAITING", {0, 1024}, [](ServicePolicy& policy, unsigned value) { policy.bulkhead.max_waiting = value; }},
    {"BREAKER_FAILURES",
     {0, 1000},
     [](ServicePolicy& policy, unsigned value) { policy.breaker.failures = static_cast<int>(value); }},
    {"BREAKER_SECONDS",
     {1, 600, "a whole number of seconds"},
     [](ServicePolicy& policy, unsigned value) { policy.breaker.open_for = seconds(value); }},
});

std::string full_name(std::string_view service, const Setting& setting) {
  std::string name = "AZF_";
  for (const char c : service) name += c == '-' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return name.append("_").append(setting.name);
}

}  // namespace

std::span<const KnownService> known_services() { return kServices; }

ServicePolicy default_service_policy(std::string_view name) {
  const auto row = std::ranges::find(kServices, name, &KnownService::name);
  if (row == kServices.end()) return {};
  ServicePolicy policy{.try_timeout = row->try_timeout,
                       .bulkhead = {.max_concurrent = row->max_concurrent, .max_waiting = row->max_waiting}};
  policy.retry.max_retries = row->max_retries;
  policy.retry.base_delay = row->base_delay;
  policy.retry.delay_limit = row->delay_limit;
  policy.retry.growth = RetryPolicy::Growth::kDoubling;
  policy.retry.statuses = {408, 429, 500, 502, 503, 504};
  // As the official clients do: openai/openai-node, src/client.ts.
  if (name == "openai") policy.retry.statuses.push_back(409);
  // Code that runs for too long is answered 504, or not in time. That says nothing about the pool.
  if (name == "session-pool") {
    policy.breaker.statuses = {500, 502, 503};
    policy.breaker.slow_replies_count = false;
  }
  return policy;
}

Result<ServicePolicy> load_service_policy(const Environment& environment, std::string_view name, ServicePolicy policy) {
  SettingProblems problems;
  for (const Setting& setting : kSettings) {
    const auto value = problems.number_in(environment, full_name(name, setting), setting.range);
    if (value) setting.apply(policy, *value);
  }
  if (auto outcome = problems.outcome(); !outcome) return std::move(outcome).error();
  return policy;
}

Result<bool> load_warm_up(const Environment& environment) {
  const auto text = environment.get("AZF_WARM_UP");
  if (!text || text == "on") return true;
  if (text == "off") return false;
  SettingProblems problems;
  problems.refuse("AZF_WARM_UP", "on or off", *text);
  return problems.outcome().error();
}

Result<Success> check_service_settings(const Environment& environment) {
  SettingProblems problems;
  for (const KnownService& service : kServices) {
    const auto policy = load_service_policy(environment, service.name, {});
    if (!policy) problems.add(policy.error().message);
  }
  if (const auto warm_up = load_warm_up(environment); !warm_up) problems.add(warm_up.error().message);
  return problems.outcome();
}

std::vector<std::string> service_settings(const Environment& environment) {
  std::vector<std::string> names;
  for (const KnownService& service : kServices) {
    for (const Setting& setting : kSettings) {
      if (auto name = full_name(service.name, setting); environment.has(name)) names.push_back(std::move(name));
    }
  }
  return names;
}

}  // namespace azf::azure
