#include "azure/chat_deployment.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

namespace {

using azf::ErrorKind;
using azf::azure::ChatDeployment;

TEST_SUITE("azure/chat_deployment") {
  using Settings = std::map<std::string, std::string, std::less<>>;

  TEST_CASE("settings name the deployment, and a stand-in has defaults for all of them") {
    const struct {
      Settings settings;
      ChatDeployment expected;
    } cases[] = {
        {{{"AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com/"}, {"AZURE_OPENAI_DEPLOYMENT", "d"}},
         {"https://a.openai.azure.com", "d", "2024-10-21"}},
        {{{"AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com"},
          {"AZURE_OPENAI_DEPLOYMENT", "d"},
          {"AZURE_OPENAI_API_VERSION", "2025-04-01-preview"}},
         {"https://a.openai.azure.com", "d", "2025-04-01-preview"}},
        {{{"AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com"},
          {"AZURE_OPENAI_DEPLOYMENT", "d"},
          {"AZURE_OPENAI_API_VERSION", "v1"}},
         {"https://a.openai.azure.com", "d", "v1"}},
        {{{"AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com/openai/v1/"},
          {"AZURE_OPENAI_DEPLOYMENT", "d"},
          {"AZURE_OPENAI_API_VERSION", "2024-10-21"}},
         {"https://a.openai.azure.com", "d", "v1"}},
        {{{"AZF_DEMO_AZURE_OPENAI_ENDPOINT", "https://127.0.0.1:1/openai"}},
         {"https://127.0.0.1:1/openai", "demo", "2024-10-21", true}},
    };
    for (const auto& [settings, expected] : cases) {
      const auto deployment = azf::azure::load_chat_deployment(azf::Environment(settings));
      REQUIRE(deployment);
      CHECK(*deployment == expected);
    }
  }

  TEST_CASE("a setting that is missing or wrong is named") {
    const struct {
      Settings settings;
      std::string_view expected;
    } cases[] = {
        {{}, "AZURE_OPENAI_ENDPOINT is not set"},
        {{{"AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com"}}, "AZURE_OPENAI_DEPLOYMENT is not set"},
        {{{"AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com"},
          {"AZURE_OPENAI_DEPLOYMENT", "d"},
          {"AZURE_OPENAI_API_VERSION", "latest"}},
         "AZURE_OPENAI_API_VERSION is neither"},
        {{{"AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com"},
          {"AZURE_OPENAI_DEPLOYMENT", "d"},
          {"AZURE_OPENAI_API_VERSION", "2024-10-2x"}},
         "AZURE_OPENAI_API_VERSION is neither"},
    };
    for (const auto& [settings, expected] : cases) {
      const auto deployment = azf::azure::load_chat_deployment(azf::Environment(settings));
      REQUIRE_FALSE(deployment);
      CHECK(deployment.error().kind == ErrorKind::kInvalidArgument);
      CHECK(deployment.error().message.starts_with(expected));
    }
  }
}

}  // namespace
