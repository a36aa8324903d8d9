#include "functions/caller_sessions.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

namespace {

using azf::Environment;
using azf::Json;
using azf::functions::session_pool_scopes;
using azf::functions::to_json;

using Settings = std::map<std::string, std::string, std::less<>>;

TEST_SUITE("functions/caller_sessions") {
  TEST_CASE("an execution is shown with its status in words") {
    CHECK(to_json({.succeeded = true,
                   .standard_output = "o",
                   .standard_error = "e",
                   .result = {{"type", "image"}},
                   .duration = std::chrono::milliseconds(7),
                   .truncated = true}) == Json{{"status", "succeeded"},
                                               {"stdout", "o"},
                                               {"stderr", "e"},
                                               {"result", {{"type", "image"}}},
                                               {"duration_ms", 7},
                                               {"truncated", true}});
    CHECK(to_json({}).at("status") == "failed");
    CHECK(to_json({}).at("result").is_null());
  }

  TEST_CASE("S-1: tokens for the pool are kept fresh where there is a pool, with the scope of the setting") {
    const Settings pool = {{"AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT", "https://pool.example/p"}};
    Settings other = pool;
    other.emplace("SESSION_POOL_AUDIENCE", "https://acasessions.io");
    CHECK(session_pool_scopes(Environment()).empty());
    CHECK(session_pool_scopes(Environment(pool)) == std::vector<std::string>{"https://dynamicsessions.io/.default"});
    CHECK(session_pool_scopes(Environment(other)) == std::vector<std::string>{"https://acasessions.io/.default"});
  }
}

}  // namespace
