#pragma once

#include "azure/service_policy.h"
#include "core/environment.h"
#include "core/result.h"

#include <string>

namespace azf::azure {

/// A chat model of Azure OpenAI, and how it is spoken to. Value.
struct ChatDeployment {
  /// `https`, without query, without a slash at its end and without `/openai/v1`.
  std::string url{};
  std::string deployment{};
  /// A date such as `2024-10-21`: the deployment stands in the path. `v1`: it stands in the body, and there is no
  /// api-version.
  std::string api_version{};
  /// Whether it is a stand-in of the emulator.
  bool demo = false;

  friend bool operator==(const ChatDeployment&, const ChatDeployment&) = default;
};

/// From AZURE_OPENAI_ENDPOINT (see `find_service_endpoint`; one that ends in `/openai/v1` stands for that version),
/// AZURE_OPENAI_DEPLOYMENT (a stand-in has `demo`) and AZURE_OPENAI_API_VERSION (`2024-10-21`). Fails with
/// `kInvalidArgument`, naming the setting.
Result<ChatDeployment> load_chat_deployment(const Environment& environment);

/// Where requests for completions go.
std::string chat_completions_url(const ChatDeployment& deployment);

/// Azure OpenAI as a service: its scope, and how it is called.
ServiceDescription chat_service();

}  // namespace azf::azure
