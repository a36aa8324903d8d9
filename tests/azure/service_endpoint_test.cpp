#include "azure/service_endpoint.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

namespace {

using azf::Environment;
using azf::azure::find_service_endpoint;
using azf::azure::ServiceEndpoint;

using Settings = std::map<std::string, std::string, std::less<>>;

constexpr auto kSetting = "AZURE_OPENAI_ENDPOINT";
constexpr auto kDemoSetting = "AZF_DEMO_AZURE_OPENAI_ENDPOINT";

TEST_SUITE("azure/service_endpoint") {
  TEST_CASE("a setting names the service, and wins over the stand-in") {
    const Environment environment(
        Settings{{kSetting, "https://a.openai.azure.com/"}, {kDemoSetting, "https://127.0.0.1:1"}});
    CHECK(find_service_endpoint(environment, kSetting).value() == ServiceEndpoint{"https://a.openai.azure.com", false});
  }

  TEST_CASE("without the setting the emulator's stand-in answers, and is marked") {
    const Environment environment(Settings{{kDemoSetting, "https://127.0.0.1:1/openai"}});
    CHECK(find_service_endpoint(environment, kSetting).value() == ServiceEndpoint{"https://127.0.0.1:1/openai", true});
  }

  TEST_CASE("what cannot be used is refused by the name of the setting") {
    const struct {
      Settings settings;
      std::string_view expected;
    } cases[] = {
        {{}, "AZURE_OPENAI_ENDPOINT is not set"},
        {{{kSetting, "http://a.openai.azure.com"}}, "AZURE_OPENAI_ENDPOINT is not an https URL"},
        {{{kSetting, "a.openai.azure.com"}}, "AZURE_OPENAI_ENDPOINT is not an https URL"},
        {{{kSetting, "https://a.openai.azure.com/?x=1"}}, "AZURE_OPENAI_ENDPOINT is not an https URL"},
        {{{kDemoSetting, "http://127.0.0.1:1"}}, "AZF_DEMO_AZURE_OPENAI_ENDPOINT is not an https URL"},
        {{{kDemoSetting, "https://127.0.0.1:1"}, {"WEBSITE_SITE_NAME", "app"}},
         "WEBSITE_SITE_NAME says that this is Azure"},
    };
    for (const auto& [settings, expected] : cases) {
      const auto endpoint = find_service_endpoint(Environment(settings), kSetting);
      REQUIRE_FALSE(endpoint);
      CHECK(endpoint.error().kind == azf::ErrorKind::kInvalidArgument);
      CHECK_MESSAGE(endpoint.error().message.find(expected) != std::string::npos, endpoint.error().message);
    }
  }

  TEST_CASE("in Azure the stand-in is used where that is asked for") {
    const Environment environment(
        Settings{{kDemoSetting, "https://127.0.0.1:1"}, {"CONTAINER_APP_NAME", "app"}, {"AZF_DEMO", "allow"}});
    CHECK(find_service_endpoint(environment, kSetting).value().demo);
  }
}

}  // namespace
