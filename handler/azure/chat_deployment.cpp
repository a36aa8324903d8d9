#include "azure/chat_deployment.h"

#include "azure/service_endpoint.h"
#include "http/url.h"

#include <algorithm>
#include <string_view>
#include <utility>

namespace azf::azure {
namespace {

constexpr std::string_view kV1 = "v1";
constexpr std::string_view kV1Path = "/openai/v1";

// `2024-10-21`, `2025-04-01-preview`.
bool is_dated_version(std::string_view text) {
  constexpr std::string_view kForm = "0000-00-00";
  constexpr std::string_view kPreview = "-preview";
  if (text.ends_with(kPreview)) text.remove_suffix(kPreview.size());
  return text.size() == kForm.size() && std::ranges::equal(text, kForm, [](char c, char form) {
           return form == '0' ? c >= '0' && c <= '9' : c == form;
         });
}

}  // namespace

Result<ChatDeployment> load_chat_deployment(const Environment& environment) {
  auto endpoint = find_service_endpoint(environment, "AZURE_OPENAI_ENDPOINT");
  if (!endpoint) return std::move(endpoint).error();
  ChatDeployment chat{.url = std::move(endpoint->url), .demo = endpoint->demo};

  chat.deployment = environment.get("AZURE_OPENAI_DEPLOYMENT").value_or(chat.demo ? "demo" : "");
  if (chat.deployment.empty()) {
    return Error{ErrorKind::kInvalidArgument,
                 "AZURE_OPENAI_DEPLOYMENT is not set: set it to the name of a deployment of a chat model, as the Azure "
                 "portal lists them"};
  }

  chat.api_version = environment.get("AZURE_OPENAI_API_VERSION").value_or("2024-10-21");
  if (chat.url.ends_with(kV1Path)) {
    chat.url.resize(chat.url.size() - kV1Path.size());
    chat.api_version = kV1;
  }
  if (chat.api_version != kV1 && !is_dated_version(chat.api_version)) {
    return Error{ErrorKind::kInvalidArgument,
                 "AZURE_OPENAI_API_VERSION is neither a date such as 2024-10-21 or 2025-04-01-preview, nor v1"};
  }
  return chat;
}

std::string chat_completions_url(const ChatDeployment& deployment) {
  if (deployment.api_version == kV1) return deployment.url + std::string(kV1Path) + "/chat/completions";
  return with_query(
      deployment.url + "/openai/deployments/" + percent_encode(deployment.deployment) + "/chat/completions",
      {{"api-version", deployment.api_version}});
}

ServiceDescription chat_service() {
  return {.name = "openai", .scopes = {"https://cognitiveservices.azure.com/.default"}};
}

}  // namespace azf::azure
