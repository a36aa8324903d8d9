#pragma once

#include "azure/chat_client.h"
#include "azure/service_error.h"
#include "core/json.h"
#include "core/result.h"
#include "runtime/services.h"

#include <memory>
#include <string>
#include <vector>

namespace azf::functions {

/// The chat model that the settings name. Shared, because a handler is copyable and its copies must have one client.
/// Fails with `kNotConfigured`, naming the setting.
using ChatModel = Result<std::shared_ptr<azure::ChatClient>, azure::ServiceError>;
ChatModel connect_chat_model(const Services& services);

/// The scopes of a function that cannot work without the model: none as long as no model is set.
std::vector<std::string> chat_model_scopes(const Environment& environment);

/// `prompt_tokens`, `completion_tokens`, `total_tokens`.
Json to_json(const azure::ChatUsage& usage);

}  // namespace azf::functions
