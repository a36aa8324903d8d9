#pragma once

#include "azure/chat_message.h"
#include "core/json.h"
#include "core/result.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::azure {

/// Tokens that were counted. Value.
struct ChatUsage {
  std::int64_t prompt_tokens = 0;
  std::int64_t completion_tokens = 0;
  std::int64_t total_tokens = 0;

  ChatUsage& operator+=(const ChatUsage& other);
  friend bool operator==(const ChatUsage&, const ChatUsage&) = default;
};

/// What a model says. Value.
struct ChatReply {
  std::string content{};
  std::vector<ToolCall> tool_calls{};
  /// `stop`, `length`, `tool_calls`, `content_filter`; empty in a reply that broke off.
  std::string finish_reason{};
  std::string model{};
  std::optional<ChatUsage> usage{};

  friend bool operator==(const ChatReply&, const ChatReply&) = default;
};

/// Reads the body of a completion that came as a whole. Fails with `kUnexpectedResponse`.
Result<ChatReply> parse_chat_reply(std::string_view body);

/// Puts a reply together of the chunks of a stream. Does no I/O. Not thread-safe.
class ChatReplyBuilder {
 public:
  /// The text that a chunk adds; it is empty in those that bring tool calls, filter results and usage. Fails with
  /// `kUnexpectedResponse` on what is no chunk, and where all of them together are beyond any sense.
  Result<std::string> add(const Json& chunk);

  /// What came so far.
  [[nodiscard]] ChatReply reply() const;

 private:
  Result<std::string> add_delta(const Json& delta);
  Result<Success> add_fragment(const Json& fragment);

  ChatReply reply_;
  /// By the index that their fragments bear, which may come interleaved.
  std::map<std::int64_t, ToolCall> tool_calls_;
  std::size_t size_ = 0;
};

}  // namespace azf::azure
