#include "azure/session_pool.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace {

using azf::Environment;
using azf::ErrorKind;
using azf::azure::load_session_pool;
using azf::azure::SessionPool;
using azf::azure::SessionPoolGeneration;

constexpr auto kEndpoint = "AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT";
constexpr auto kUrl = "https://westeurope.dynamicsessions.io/subscriptions/s-1/resourceGroups/rg/sessionPools/pool";

using Settings = std::map<std::string, std::string, std::less<>>;

Environment environment_with(Settings settings) {
  settings.emplace(kEndpoint, kUrl);
  return Environment(std::move(settings));
}

TEST_SUITE("azure/session_pool") {
  TEST_CASE("the endpoint alone is enough") {
    CHECK(load_session_pool(environment_with({})).value() == SessionPool{.url = kUrl,
                                                                         .api_version = "2024-02-02-preview",
                                                                         .scope = "https://dynamicsessions.io/.default",
                                                                         .demo = false});
  }

  TEST_CASE("endpoints of older settings lose what is no part of the pool") {
    for (const auto* suffix : {"", "/", "/python/execute", "/python/execute/", "/python", "/execute"}) {
      CAPTURE(suffix);
      CHECK(load_session_pool(environment_with({{kEndpoint, std::string(kUrl) + suffix}}))->url == kUrl);
    }
  }

  TEST_CASE("a stand-in is one of demo") {
    const Environment environment(Settings{{std::string("AZF_DEMO_") + kEndpoint, "https://127.0.0.1:1/pool"}});
    const auto pool = load_session_pool(environment);
    CHECK(pool->url == "https://127.0.0.1:1/pool");
    CHECK(pool->demo);
  }

  TEST_CASE("the date of the version decides the generation") {
    const std::pair<const char*, SessionPoolGeneration> cases[] = {
        {"2024-02-02-preview", SessionPoolGeneration::kCodeExecute},
        {"2024-08-02-preview", SessionPoolGeneration::kCodeExecute},
        {"2024-10-02-preview", SessionPoolGeneration::kExecutions},
        {"2025-02-02-preview", SessionPoolGeneration::kExecutions},
        {"2025-10-02-preview", SessionPoolGeneration::kExecutions},
        {"2026-01-01", SessionPoolGeneration::kExecutions},
    };
    for (const auto& [version, generation] : cases) {
      CAPTURE(version);
      CHECK(load_session_pool(environment_with({{"SESSION_POOL_API_VERSION", version}}))->generation() == generation);
    }
  }

  TEST_CASE("S-1: tokens are asked for with the scope of the setting, and no other") {
    const std::pair<const char*, const char*> cases[] = {
        {"https://dynamicsessions.io/.default", "https://dynamicsessions.io/.default"},
        {"https://acasessions.io", "https://acasessions.io/.default"},
        {"https://acasessions.io/", "https://acasessions.io/.default"},
    };
    for (const auto& [setting, scope] : cases) {
      CAPTURE(setting);
      const auto pool = load_session_pool(environment_with({{"SESSION_POOL_AUDIENCE", setting}}));
      CHECK(pool->description().name == "session-pool");
      CHECK(pool->description().scopes == std::vector<std::string>{scope});
      CHECK_FALSE(pool->description().follow_resource_challenge);
    }
  }

  TEST_CASE("a setting that is wrong is named") {
    const std::pair<const char*, const char*> cases[] = {
        {kEndpoint, "http://pool.example"},
        {"SESSION_POOL_API_VERSION", "latest"},
        {"SESSION_POOL_API_VERSION", "2024-02-02-preview&identifier=x"},
        {"SESSION_POOL_API_VERSION", "2024-13-02"},
        {"SESSION_POOL_AUDIENCE", "dynamicsessions.io"},
        {"SESSION_POOL_AUDIENCE", "https://dynamicsessions.io/.default https://vault.azure.net/.default"},
    };
    for (const auto& [name, value] : cases) {
      CAPTURE(name);
      CAPTURE(value);
      const auto pool = load_session_pool(environment_with({{name, value}}));
      REQUIRE_FALSE(pool);
      CHECK(pool.error().kind == ErrorKind::kInvalidArgument);
      CHECK(pool.error().message.find(name) != std::string::npos);
    }
    CHECK(load_session_pool({}).error().message.find(kEndpoint) != std::string::npos);
  }
}

}  // namespace
