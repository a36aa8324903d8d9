#include "azure/session_pool.h"

#include "azure/service_endpoint.h"
#include "core/time_text.h"

#include <chrono>
#include <string_view>
#include <utility>

namespace azf::azure {
namespace {

constexpr std::string_view kEndpointSetting = "AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT";
constexpr std::string_view kVersionSetting = "SESSION_POOL_API_VERSION";
constexpr std::string_view kAudienceSetting = "SESSION_POOL_AUDIENCE";

constexpr std::string_view kDefaultVersion = "2024-02-02-preview";
constexpr std::string_view kDefaultScope = "https://dynamicsessions.io/.default";
constexpr std::string_view kFirstOfExecutions = "2024-10-02";
constexpr std::string_view kScopeSuffix = "/.default";

Error wrong(std::string_view setting, std::string_view what) {
  return {ErrorKind::kInvalidArgument, std::string(setting).append(" ").append(what)};
}

// Versions are a day, and `-preview` behind most.
bool is_version(std::string_view text) {
  const auto day = text.substr(0, kFirstOfExecutions.size());
  const auto suffix = text.substr(day.size());
  return parse_rfc3339(std::string(day) + "T00:00:00Z") && (suffix.empty() || suffix == "-preview");
}

}  // namespace

SessionPoolGeneration SessionPool::generation() const {
  return api_version < kFirstOfExecutions ? SessionPoolGeneration::kCodeExecute : SessionPoolGeneration::kExecutions;
}

ServiceDescription SessionPool::description() const { return {.name = "session-pool", .scopes = {scope}}; }

Result<SessionPool> load_session_pool(const Environment& environment) {
  auto endpoint = find_service_endpoint(environment, kEndpointSetting);
  if (!endpoint) return std::move(endpoint).error();
  SessionPool pool{.url = std::move(endpoint->url),
                   .api_version = std::string(environment.get(kVersionSetting).value_or(kDefaultVersion)),
                   .scope = std::string(environment.get(kAudienceSetting).value_or(kDefaultScope)),
                   .demo = endpoint->demo};
  for (const std::string_view suffix : {"/execute", "/python"}) {
    if (pool.url.ends_with(suffix)) pool.url.resize(pool.url.size() - suffix.size());
  }
  if (!is_version(pool.api_version)) return wrong(kVersionSetting, "is no version such as 2024-02-02-preview");
  if (!pool.scope.starts_with("https://") || pool.scope.find_first_of(" \t") != std::string::npos) {
    return wrong(kAudienceSetting, "is no scope such as https://dynamicsessions.io/.default");
  }
  if (!pool.scope.ends_with(kScopeSuffix)) {
    while (pool.scope.ends_with('/')) pool.scope.pop_back();
    pool.scope += kScopeSuffix;
  }
  return pool;
}

}  // namespace azf::azure
