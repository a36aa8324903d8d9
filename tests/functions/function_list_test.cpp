#include "functions/function_list.h"

#include "runtime/function_json.h"
#include "support/test_app.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using azf::AuthLevel;
using azf::test::TestApp;

TEST_SUITE("functions") {
  TEST_CASE("P-05: the real list makes a router: no two names, no two routes with a common method, no reserved route") {
    const TestApp app;
    std::vector<std::string> names;
    for (const auto& function : app.router().functions()) names.push_back(function.metadata.name);
    CHECK(names == std::vector<std::string>{"agent", "agent-job", "chat", "execute", "files", "greet", "health",
                                            "heartbeat", "relay", "secret", "session-files", "token-status", "users"});
  }

  TEST_CASE("only functions meant for everybody can be called without a key") {
    const TestApp app;
    std::vector<std::string> anonymous;
    for (const auto& function : app.router().functions()) {
      const auto* trigger = http_trigger(function.metadata);
      if (trigger != nullptr && trigger->auth_level == AuthLevel::kAnonymous)
        anonymous.push_back(function.metadata.name);
    }
    CHECK(anonymous == std::vector<std::string>{"greet", "health"});
  }

  TEST_CASE("P-04: every function has a function.json that says its key level") {
    const TestApp app;
    for (const auto& function : app.router().functions()) {
      const auto json = azf::parse_json(to_function_json(function.metadata)).value();
      for (const auto& binding : json.at("bindings")) {
        if (binding.at("type") == "httpTrigger") CHECK(binding.contains("authLevel"));
      }
    }
  }
}
