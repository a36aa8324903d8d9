#include "azure/chat_message.h"

#include <array>
#include <utility>

namespace azf::azure {
namespace {

constexpr auto kRoles = std::to_array<std::pair<ChatRole, std::string_view>>({
    {ChatRole::kSystem, "system"},
    {ChatRole::kDeveloper, "developer"},
    {ChatRole::kUser, "user"},
    {ChatRole::kAssistant, "assistant"},
    {ChatRole::kTool, "tool"},
});

Json to_json(const ToolCall& call) {
  return {{"id", call.id}, {"type", "function"}, {"function", {{"name", call.name}, {"arguments", call.arguments}}}};
}

Json to_json(const ChatMessage& message) {
  Json json = {{"role", to_string(message.role)}, {"content", message.content}};
  if (message.role == ChatRole::kTool) json["tool_call_id"] = message.tool_call_id;
  if (message.tool_calls.empty()) return json;
  if (message.content.empty()) json["content"] = nullptr;
  Json& calls = json["tool_calls"] = Json::array();
  for (const ToolCall& call : message.tool_calls) calls.push_back(to_json(call));
  return json;
}

}  // namespace

std::string_view to_string(ChatRole role) {
  for (const auto& [known, name] : kRoles) {
    if (known == role) return name;
  }
  return "unknown";
}

std::optional<ChatRole> parse_chat_role(std::string_view text) {
  for (const auto& [role, name] : kRoles) {
    if (name == text) return role;
  }
  return std::nullopt;
}

Json to_json(const ChatRequest& request) {
  Json messages = Json::array();
  for (const ChatMessage& message : request.messages) messages.push_back(to_json(message));
  Json body = {{"messages", std::move(messages)}};
  if (request.temperature) body["temperature"] = *request.temperature;
  if (request.tools.empty()) return body;
  Json& tools = body["tools"] = Json::array();
  for (const auto& [name, description, parameters] : request.tools) {
    tools.push_back({{"type", "function"},
                     {"function", {{"name", name}, {"description", description}, {"parameters", parameters}}}});
  }
  return body;
}

}  // namespace azf::azure
