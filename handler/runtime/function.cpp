#include "runtime/function.h"

#include <algorithm>
#include <utility>

namespace azf {

Function http_function(std::string name, HttpTrigger trigger, HttpHandler handler,
                       std::vector<std::string> token_scopes) {
  return {.metadata = {.name = std::move(name),
                       .bindings = {std::move(trigger), HttpOutput{}},
                       .token_scopes = std::move(token_scopes)},
          .handler = std::move(handler)};
}

Function triggered_function(FunctionMetadata metadata, TriggerHandler handler) {
  return {.metadata = std::move(metadata), .handler = std::move(handler)};
}

std::vector<std::string> declared_token_scopes(std::span<const Function> functions) {
  std::vector<std::string> scopes;
  for (const auto& function : functions) {
    scopes.insert(scopes.end(), function.metadata.token_scopes.begin(), function.metadata.token_scopes.end());
  }
  std::ranges::sort(scopes);
  scopes.erase(std::unique(scopes.begin(), scopes.end()), scopes.end());
  return scopes;
}

}  // namespace azf
