#include "azure/service_endpoint.h"

#include "http/url.h"

#include <algorithm>
#include <array>

namespace azf::azure {
namespace {

// Set by App Service and Functions, Container Apps, and Kubernetes.
constexpr std::array<std::string_view, 4> kPlatformVariables = {"WEBSITE_INSTANCE_ID", "WEBSITE_SITE_NAME",
                                                                "CONTAINER_APP_NAME", "KUBERNETES_SERVICE_HOST"};

Error wrong(std::string_view setting, std::string_view what) {
  return {ErrorKind::kInvalidArgument, std::string(setting).append(" ").append(what)};
}

Result<std::string> checked(std::string_view setting, std::string_view value) {
  const auto url = parse_url(value);
  if (!url || url->scheme != "https" || value.find_first_of("?#") != std::string_view::npos) {
    return wrong(setting, "is not an https URL without a query, such as https://example.openai.azure.com");
  }
  while (value.ends_with('/')) value.remove_suffix(1);
  return std::string(value);
}

}  // namespace

Result<ServiceEndpoint> find_service_endpoint(const Environment& environment, std::string_view setting) {
  if (const auto value = environment.get(setting)) {
    auto url = checked(setting, *value);
    if (!url) return url.error();
    return ServiceEndpoint{*std::move(url), false};
  }
  const std::string demo_setting = "AZF_DEMO_" + std::string(setting);
  const auto demo = environment.get(demo_setting);
  if (!demo) {
    return wrong(setting,
                 "is not set: set it to the https URL of the service, or try the function offline with scripts/run.sh");
  }
  const auto platform = std::ranges::find_if(kPlatformVariables, [&](auto name) { return environment.has(name); });
  if (platform != kPlatformVariables.end() && environment.get("AZF_DEMO") != "allow") {
    return wrong(setting, "is not set, and the stand-in of " + demo_setting + " is not used where " +
                              std::string(*platform) + " says that this is Azure; AZF_DEMO=allow permits it");
  }
  auto url = checked(demo_setting, *demo);
  if (!url) return url.error();
  return ServiceEndpoint{*std::move(url), true};
}

}  // namespace azf::azure
