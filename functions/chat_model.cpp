#include "functions/chat_model.h"

#include "azure/chat_deployment.h"

#include <utility>

namespace azf::functions {

ChatModel connect_chat_model(const Services& services) {
  auto deployment = azure::load_chat_deployment(services.environment);
  if (!deployment) return azure::not_configured(deployment.error());
  return std::make_shared<azure::ChatClient>(services.azure.connect(azure::chat_service()), *std::move(deployment),
                                             services.clock);
}

std::vector<std::string> chat_model_scopes(const Environment& environment) {
  if (!azure::load_chat_deployment(environment)) return {};
  return azure::chat_service().scopes;
}

Json to_json(const azure::ChatUsage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.total_tokens}};
}

}  // namespace azf::functions
