#pragma once

#include "core/json.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::azure {

enum class ChatRole { kSystem, kDeveloper, kUser, kAssistant, kTool };

/// `system`, `developer`, `user`, `assistant`, `tool`.
std::string_view to_string(ChatRole role);
std::optional<ChatRole> parse_chat_role(std::string_view text);

/// A function that the model asks to have called. Foreign text: the arguments should be a JSON object, and may be
/// anything. Value.
struct ToolCall {
  std::string id{};
  std::string name{};
  std::string arguments{};

  friend bool operator==(const ToolCall&, const ToolCall&) = default;
};

/// One turn of a conversation. Value.
struct ChatMessage {
  ChatRole role = ChatRole::kUser;
  std::string content{};
  /// Of an assistant.
  std::vector<ToolCall> tool_calls{};
  /// Of a tool: the call that this is the result of.
  std::string tool_call_id{};

  friend bool operator==(const ChatMessage&, const ChatMessage&) = default;
};

/// A function that the model may ask for. Value.
struct ChatTool {
  std::string name{};
  std::string description{};
  /// A JSON Schema of the arguments.
  Json parameters{};
};

/// What a model is asked. Value.
struct ChatRequest {
  /// At least one.
  std::vector<ChatMessage> messages{};
  std::optional<double> temperature{};
  /// The longest answer.
  std::optional<std::int64_t> max_tokens{};
  std::vector<ChatTool> tools{};
};

/// The members of a request's body that the model's generation makes no difference to: all but the longest answer,
/// whose name differs.
Json to_json(const ChatRequest& request);

}  // namespace azf::azure
