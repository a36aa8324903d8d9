#include "functions/chat_model.h"
#include "functions/demo.h"
#include "functions/event_stream.h"
#include "functions/function_list.h"
#include "functions/json_body.h"
#include "functions/service_call.h"
#include "functions/service_problem.h"
#include "runtime/json_message.h"
#include "runtime/problem.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azf::functions {
namespace {

using azure::ChatClient;
using azure::ChatMessage;
using azure::ChatReply;
using azure::ChatRequest;
using azure::ChatRole;

constexpr std::size_t kMostMessages = 256;
constexpr std::size_t kMostContentBytes = std::size_t{1} << 20;
constexpr std::int64_t kMostTokens = 1'000'000;

struct ChatCall {
  ChatRequest request;
  bool streamed = false;
};

// `field` is the message's place: `messages[2]`.
std::optional<ChatMessage> parse_message(const Json& json, const std::string& field, std::vector<FieldError>& errors) {
  const auto role_name = optional_string(json, "role");
  const auto role = role_name ? azure::parse_chat_role(role_name->value_or("")) : std::nullopt;
  if (!role || *role == ChatRole::kTool) {
    errors.push_back({field + ".role", "must be system, developer, user or assistant"});
  }
  auto content = required_string(json, "content");
  if (!content) errors.push_back({field + ".content", "must be a text that is not empty"});
  if (!role || !content) return std::nullopt;
  return ChatMessage{.role = *role, .content = *std::move(content)};
}

std::vector<ChatMessage> parse_messages(const Json& body, std::vector<FieldError>& errors) {
  const Json* list = find_member(body, "messages");
  if (list == nullptr || !list->is_array() || list->empty() || list->size() > kMostMessages) {
    errors.push_back({"messages", "must be an array of 1 to " + std::to_string(kMostMessages) + " messages"});
    return {};
  }
  std::vector<ChatMessage> messages;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < list->size(); ++i) {
    auto message = parse_message((*list)[i], "messages[" + std::to_string(i) + "]", errors);
    if (!message) continue;
    bytes += message->content.size();
    messages.push_back(*std::move(message));
  }
  if (bytes > kMostContentBytes) {
    errors.push_back({"messages", "must have " + std::to_string(kMostContentBytes) + " bytes of text at most"});
  }
  return messages;
}

std::optional<double> parse_temperature(const Json& body, std::vector<FieldError>& errors) {
  const Json* member = find_member(body, "temperature");
  if (member == nullptr) return std::nullopt;
  if (member->is_number() && *member >= 0 && *member <= 2) return member->get<double>();
  errors.push_back({"temperature", "must be a number from 0 to 2"});
  return std::nullopt;
}

std::optional<std::int64_t> parse_max_tokens(const Json& body, std::vector<FieldError>& errors) {
  const Json* member = find_member(body, "max_tokens");
  if (member == nullptr) return std::nullopt;
  if (member->is_number_integer() && *member >= 1 && *member <= kMostTokens) return member->get<std::int64_t>();
  errors.push_back({"max_tokens", "must be a whole number from 1 to " + std::to_string(kMostTokens)});
  return std::nullopt;
}

Result<ChatCall, Problem> parse_chat_call(const HttpRequest& request) {
  const auto body = parse_json_body(request);
  if (!body) return body.error();
  std::vector<FieldError> errors;
  ChatCall call{.request = {.messages = parse_messages(*body, errors),
                            .temperature = parse_temperature(*body, errors),
                            .max_tokens = parse_max_tokens(*body, errors)},
                .streamed = flag_member(*body, "stream", errors)};
  if (!errors.empty()) return Problem{.status = 400, .errors = std::move(errors)};
  return call;
}

Json to_json(const ChatReply& reply) {
  return {{"content", reply.content},
          {"finish_reason", reply.finish_reason},
          {"model", reply.model},
          {"usage", reply.usage ? functions::to_json(*reply.usage) : Json()}};
}

HttpResponse complete(ChatClient& model, const ChatRequest& request, const InvocationContext& context) {
  const auto reply = model.complete(request, call_options(context));
  auto response = reply ? json_response(to_json(*reply)) : respond_with(reply.error().error, context);
  response.headers.set("Cache-Control", "no-store");
  if (model.deployment().demo) mark_demo(response);
  return response;
}

// Hands the text on as it comes.
class TextEvents final : public azure::ChatListener {
 public:
  explicit TextEvents(EventStream& events) : events_(events) {}

  Result<Success> take_text(std::string_view delta) override { return events_.send("text", {{"delta", delta}}); }

 private:
  EventStream& events_;
};

Result<HttpResponse> stream(const Services& services, ChatClient& model, const ChatRequest& request,
                            const InvocationContext& context) {
  const bool demo = model.deployment().demo;
  EventStream events(context.exchange.response, services.clock,
                     demo ? EventStream::Origin::kStandIn : EventStream::Origin::kService);
  TextEvents listener(events);
  const auto reply =
      model.stream(request, listener, {.deadline = context.deadline, .cancelled = [&] { return events.abandoned(); }});
  if (reply) return events.finish(to_json(*reply));
  const auto& error = reply.error().error;
  if (events.begun()) {
    log_service_error(error, context);
    return events.fail(to_problem(error), context.invocation_id);
  }
  auto response = respond_with(error, context);
  if (demo) mark_demo(response);
  return response;
}

}  // namespace

/// POST /api/chat {messages, temperature?, max_tokens?, stream?}: what the chat model answers, as a whole or, as
/// server-sent events, while it comes.
Function chat(const Services& services) {
  return http_function(
      "chat", {.route = "chat", .methods = {Method::kPost}, .auth_level = AuthLevel::kFunction},
      [services, model = connect_chat_model(services)](const HttpRequest& request,
                                                       const InvocationContext& context) -> Result<HttpResponse> {
        const auto call = parse_chat_call(request);
        if (!call) return to_response(call.error(), context.invocation_id);
        if (!model) return respond_with(model.error(), context);
        if (call->streamed) return stream(services, **model, call->request, context);
        return complete(**model, call->request, context);
      },
      chat_model_scopes(services.environment));
}

}  // namespace azf::functions
