#include "azure/chat_reply.h"

#include <utility>

namespace azf::azure {
namespace {

constexpr std::size_t kMostToolCalls = 128;
constexpr std::size_t kMostBytes = std::size_t{4} << 20;

Error unexpected(std::string_view what) {
  return {ErrorKind::kUnexpectedResponse, "the completion is not as documented: " + std::string(what)};
}

// Appends a member that is text, and leaves alone what an absent one would.
Result<Success> append_text(std::string& text, const Json& object, std::string_view name) {
  auto member = optional_string(object, name);
  if (!member) return unexpected(member.error().message);
  if (*member) text += **member;
  return Success{};
}

Result<Success> set_text(std::string& text, const Json& object, std::string_view name) {
  std::string value;
  if (auto read = append_text(value, object, name); !read) return read;
  if (!value.empty()) text = std::move(value);
  return Success{};
}

// Model, usage: what stands beside the choices in both forms.
Result<Success> read_frame(const Json& json, ChatReply& reply) {
  if (!json.is_object()) return unexpected("it must be an object");
  if (auto read = set_text(reply.model, json, "model"); !read) return read;
  const Json* usage = find_member(json, "usage");
  if (usage == nullptr) return Success{};
  const auto count = [&](std::string_view name) {
    const auto number = optional_integer(*usage, name);
    return number ? number->value_or(0) : 0;
  };
  reply.usage = {count("prompt_tokens"), count("completion_tokens"), count("total_tokens")};
  return Success{};
}

// A refusal takes the place of the text where the model must keep to a schema.
Result<std::string> text_of(const Json& message) {
  std::string text;
  for (const auto* name : {"content", "refusal"}) {
    if (auto read = append_text(text, message, name); !read) return std::move(read).error();
  }
  return text;
}

Result<Success> add_function(ToolCall& call, const Json& json) {
  if (auto read = set_text(call.id, json, "id"); !read) return read;
  const Json* function = find_member(json, "function");
  if (function == nullptr) return Success{};
  if (auto read = set_text(call.name, *function, "name"); !read) return read;
  return append_text(call.arguments, *function, "arguments");
}

// The elements of an array member; none if there is no such.
const Json& elements(const Json& object, std::string_view name) {
  static const Json kNone = Json::array();
  const Json* member = find_member(object, name);
  return member != nullptr && member->is_array() ? *member : kNone;
}

}  // namespace

ChatUsage& ChatUsage::operator+=(const ChatUsage& other) {
  prompt_tokens += other.prompt_tokens;
  completion_tokens += other.completion_tokens;
  total_tokens += other.total_tokens;
  return *this;
}

Result<ChatReply> parse_chat_reply(std::string_view body) {
  const auto json = parse_json(body);
  if (!json) return unexpected(json.error().message);
  ChatReply reply;
  if (auto read = read_frame(*json, reply); !read) return std::move(read).error();
  const Json& choices = elements(*json, "choices");
  if (choices.empty()) return unexpected("it has no choice");
  const Json* message = find_member(choices.front(), "message");
  if (message == nullptr) return unexpected("its choice has no message");
  auto text = text_of(*message);
  if (!text) return std::move(text).error();
  reply.content = *std::move(text);
  if (auto read = set_text(reply.finish_reason, choices.front(), "finish_reason"); !read) {
    return std::move(read).error();
  }
  for (const Json& call : elements(*message, "tool_calls")) {
    if (auto read = add_function(reply.tool_calls.emplace_back(), call); !read) return std::move(read).error();
  }
  return reply;
}

Result<std::string> ChatReplyBuilder::add(const Json& chunk) {
  if (auto read = read_frame(chunk, reply_); !read) return std::move(read).error();
  std::string text;
  for (const Json& choice : elements(chunk, "choices")) {
    // Further answers are never asked for.
    if (const Json* index = find_member(choice, "index"); index != nullptr && *index != 0) continue;
    if (auto read = set_text(reply_.finish_reason, choice, "finish_reason"); !read) return std::move(read).error();
    const Json* delta = find_member(choice, "delta");
    if (delta == nullptr) continue;
    auto added = add_delta(*delta);
    if (!added) return added;
    text += *added;
  }
  return text;
}

Result<std::string> ChatReplyBuilder::add_delta(const Json& delta) {
  auto text = text_of(delta);
  if (!text) return text;
  reply_.content += *text;
  size_ += text->size();
  for (const Json& fragment : elements(delta, "tool_calls")) {
    if (auto added = add_fragment(fragment); !added) return std::move(added).error();
  }
  if (size_ > kMostBytes) return unexpected("it does not end");
  return text;
}

Result<Success> ChatReplyBuilder::add_fragment(const Json& fragment) {
  const auto index = optional_integer(fragment, "index");
  if (!index) return unexpected(index.error().message);
  ToolCall& call = tool_calls_[index->value_or(0)];
  const auto size = call.arguments.size();
  auto added = add_function(call, fragment);
  size_ += call.arguments.size() - size;
  if (tool_calls_.size() > kMostToolCalls) return unexpected("it has too many tool calls");
  return added;
}

ChatReply ChatReplyBuilder::reply() const {
  ChatReply reply = reply_;
  for (const auto& [index, call] : tool_calls_) reply.tool_calls.push_back(call);
  return reply;
}

}  // namespace azf::azure
