#include "emulator/services/openai_service.h"

#include "emulator/wire/coding.h"

#include <algorithm>
#include <array>
#include <optional>
#include <regex>
#include <set>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

constexpr std::string_view kDeployments = "/openai/deployments/";
constexpr std::string_view kCompletions = "/chat/completions";
constexpr std::string_view kV1 = "/openai/v1/chat/completions";
constexpr const char* kModel = "stand-in";
constexpr const char* kFingerprint = "fp_stand_in";
constexpr std::size_t kArgumentPiece = 12;
constexpr auto kRoles = std::to_array<std::string_view>({"assistant", "developer", "system", "tool", "user"});

Json filter_results() {
  Json results = Json::object();
  for (const char* category : {"hate", "self_harm", "sexual", "violence"}) {
    results[category] = {{"filtered", false}, {"severity", "safe"}};
  }
  return results;
}

Json prompt_filter_results() {
  return Json::array({{{"prompt_index", 0}, {"content_filter_results", filter_results()}}});
}

Json error_object(const Json& code, std::string message, const Json& type, const Json& parameter) {
  return {{"error", {{"code", code}, {"message", std::move(message)}, {"param", parameter}, {"type", type}}}};
}

// The gateway before the models knows only these two members.
Reply gateway_error(int status, std::string code, std::string message) {
  return json_reply(status, {{"error", {{"code", std::move(code)}, {"message", std::move(message)}}}});
}

Reply invalid_request(std::string message, const Json& parameter) {
  return json_reply(400, error_object(nullptr, std::move(message), "invalid_request_error", parameter));
}

Reply filtered_prompt() {
  Json results = filter_results();
  results["violence"] = {{"filtered", true}, {"severity", "medium"}};
  Json body = error_object("content_filter",
                           "The response was filtered due to the prompt triggering Azure OpenAI's content management "
                           "policy. Please modify your prompt and retry.",
                           nullptr, "prompt");
  body["error"]["status"] = 400;
  body["error"]["innererror"] = {{"code", "ResponsibleAIPolicyViolation"}, {"content_filter_result", results}};
  return json_reply(400, body);
}

Reply throttled() {
  Reply reply = gateway_error(429, "429",
                              "Requests to the ChatCompletions_Create Operation under Azure OpenAI API have exceeded "
                              "call rate limit of your current pricing tier. Please retry after 1 second.");
  set_header(reply.headers, "Retry-After", "1");
  set_header(reply.headers, "x-ratelimit-remaining-requests", "0");
  return reply;
}

std::string text_member(const Json& object, std::string_view name) {
  const Json* value = find_member(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : "";
}

// The ids of the calls in an assistant's message.
std::set<std::string> call_ids(const Json& message) {
  std::set<std::string> ids;
  if (const Json* calls = find_member(message, "tool_calls"); calls != nullptr && calls->is_array()) {
    for (const auto& each : *calls) ids.insert(text_member(each, "id"));
  }
  return ids;
}

std::optional<Reply> check_messages(const Json& messages) {
  std::set<std::string> open_calls;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const Json& message = messages[i];
    const std::string where = "messages[" + std::to_string(i) + "]";
    const std::string role = text_member(message, "role");
    if (std::find(kRoles.begin(), kRoles.end(), role) == kRoles.end()) {
      return invalid_request("Invalid value: '" + role +
                                 "'. Supported values are: 'system', 'assistant', 'user', "
                                 "'tool', and 'developer'.",
                             where + ".role");
    }
    if (role == "tool") {
      if (open_calls.erase(text_member(message, "tool_call_id")) == 0) {
        return invalid_request(
            "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
            "message with 'tool_calls'.",
            where + ".role");
      }
    } else if (!open_calls.empty()) {
      break;
    }
    const Json* content = find_member(message, "content");
    if (content != nullptr && !content->is_string() && !content->is_array()) {
      return invalid_request("Invalid type for '" + where + ".content': expected a string or an array of objects.",
                             where + ".content");
    }
    if (role == "assistant") open_calls = call_ids(message);
    if (content == nullptr && open_calls.empty()) {
      return invalid_request("Invalid value for 'content': expected a string, got null.", where + ".content");
    }
  }
  if (open_calls.empty()) return std::nullopt;
  std::string ids;
  for (const auto& id : open_calls) ids.append(ids.empty() ? "" : ", ").append(id);
  return invalid_request(
      "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
      "'tool_call_id'. The following tool_call_ids did not have response messages: " +
          ids,
      "messages");
}

std::optional<Reply> check_number(const Json& body, const char* name, double lowest, double highest) {
  const Json* value = find_member(body, name);
  if (value == nullptr || (value->is_number() && *value >= lowest && *value <= highest)) return std::nullopt;
  return invalid_request("Invalid value for '" + std::string(name) + "': expected a number between " +
                             to_text(Json(lowest)) + " and " + to_text(Json(highest)) + ".",
                         name);
}

std::optional<Reply> check_tools(const Json& body) {
  const Json* tools = find_member(body, "tools");
  if (tools == nullptr) return std::nullopt;
  if (!tools->is_array() || tools->empty()) return invalid_request("[] is too short - 'tools'", nullptr);
  for (const auto& tool : *tools) {
    const Json* function = find_member(tool, "function");
    static const std::regex kName("[a-zA-Z0-9_-]{1,64}");
    if (text_member(tool, "type") != "function" || function == nullptr ||
        !std::regex_match(text_member(*function, "name"), kName)) {
      return invalid_request("Invalid 'tools': each must be of type 'function' and name one by '^[a-zA-Z0-9_-]+$'.",
                             "tools");
    }
  }
  return std::nullopt;
}

std::optional<Reply> check_body(const Json& body) {
  const Json* messages = find_member(body, "messages");
  if (messages == nullptr) return invalid_request("Missing required parameter: 'messages'.", "messages");
  if (!messages->is_array() || messages->empty()) {
    return invalid_request("[] is too short - 'messages'", nullptr);
  }
  if (auto refusal = check_messages(*messages)) return refusal;
  if (auto refusal = check_tools(body)) return refusal;
  if (auto refusal = check_number(body, "temperature", 0, 2)) return refusal;
  for (const char* name : {"max_tokens", "max_completion_tokens"}) {
    if (auto refusal = check_number(body, name, 1, 1'000'000)) return refusal;
  }
  if (find_member(body, "max_tokens") != nullptr && find_member(body, "max_completion_tokens") != nullptr) {
    return invalid_request("Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
                           "max_tokens");
  }
  const Json* stream = find_member(body, "stream");
  if (stream != nullptr && !stream->is_boolean()) return invalid_request("Invalid type for 'stream'.", "stream");
  if (find_member(body, "stream_options") != nullptr && (stream == nullptr || *stream == false)) {
    return invalid_request("The 'stream_options' parameter is only allowed when 'stream' is enabled.",
                           "stream_options");
  }
  return std::nullopt;
}

// As many as a tokenizer would find, more or less.
std::int64_t count_tokens(std::string_view text) { return static_cast<std::int64_t>((text.size() + 3) / 4); }

// Words with the blanks before them.
std::vector<std::string> words_of(const std::string& text) {
  std::vector<std::string> words;
  for (std::size_t begin = 0; begin < text.size();) {
    const auto end = std::min(text.find(' ', begin + 1), text.size());
    words.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

Json to_json(const ToolCall& call) {
  return {
      {"id", call.id}, {"type", "function"}, {"function", {{"name", call.function}, {"arguments", call.arguments}}}};
}

std::string event(const Json& json) { return "data: " + to_text(json) + "\n\n"; }

}  // namespace

// A turn with what surrounds it.
struct OpenAiService::Completion {
  std::string id;
  std::int64_t created = 0;
  ModelTurn turn;
  std::string finish_reason;
  Json usage;
  std::string question;

  [[nodiscard]] bool asked_for(std::string_view word) const { return question.find(word) != std::string::npos; }
};

OpenAiService::OpenAiService(const TokenIssuer& issuer, const Clock& clock, std::chrono::milliseconds pace)
    : tokens_(std::string(kAudience), issuer, clock), clock_(clock), pace_(pace) {}

Reply OpenAiService::failure(int status) const {
  switch (status) {
    case 401:
      return gateway_error(401, "401",
                           "Unauthorized. Access token is missing, invalid, audience is incorrect "
                           "(https://cognitiveservices.azure.com), or have expired.");
    case 403:
      return gateway_error(403, "PermissionDenied",
                           "The principal lacks the required data action "
                           "`Microsoft.CognitiveServices/accounts/OpenAI/deployments/chat/completions/action` to "
                           "perform `POST /openai/deployments/{deployment-id}/chat/completions` operation.");
    case 404: return gateway_error(404, "404", "Resource not found");
    case 429: return throttled();
    default:
      return json_reply(status, error_object("InternalServerError", "The server had an error processing your request.",
                                             "server_error", nullptr));
  }
}

Reply OpenAiService::handle(const Request& request, std::string_view path) {
  Reply reply = [&] {
    std::string deployment;
    if (path.starts_with(kDeployments) && path.ends_with(kCompletions)) {
      path.remove_prefix(kDeployments.size());
      path.remove_suffix(std::min(kCompletions.size(), path.size()));
      deployment = percent_decoded(path);
      static const std::regex kVersion(R"(\d{4}-\d{2}-\d{2}(-preview)?)");
      const Parameters query = parse_parameters(request.query());
      const std::string* version = find_parameter(query, "api-version");
      const bool known = version != nullptr && std::regex_match(*version, kVersion);
      if (!known || path.empty() || path.find('/') != std::string_view::npos) return failure(404);
    } else if (path != kV1) {
      return failure(404);
    }
    if (request.method != "POST") return gateway_error(405, "405", "Method not allowed");
    if (find_header(request.headers, "api-key") != nullptr) {
      return gateway_error(403, "AuthenticationTypeDisabled",
                           "Key based authentication is disabled for this resource.");
    }
    if (tokens_.look(request).flaw != TokenFlaw::kNone) return failure(401);
    const std::string* type = find_header(request.headers, "Content-Type");
    if (type == nullptr || !to_lower(*type).starts_with("application/json")) {
      return invalid_request("The body must be application/json.", nullptr);
    }
    const auto body = parse_json(request.body);
    if (!body || !body->is_object()) {
      return invalid_request("We could not parse the JSON body of your request.", nullptr);
    }
    // The route without a deployment in its path has it in the body.
    if (path == kV1) deployment = text_member(*body, "model");
    if (deployment.empty()) return invalid_request("Missing required parameter: 'model'.", "model");
    if (deployment == "missing") {
      return gateway_error(404, "DeploymentNotFound",
                           "The API deployment for this resource does not exist. If you created the deployment within "
                           "the last 5 minutes, please wait a moment and try again.");
    }
    if (auto refusal = check_body(*body)) return *std::move(refusal);
    return complete(*body, deployment);
  }();
  set_header(reply.headers, "apim-request-id", new_guid());
  set_header(reply.headers, "x-ms-region", "Emulator");
  if (const std::string* id = find_header(request.headers, "x-ms-client-request-id")) {
    set_header(reply.headers, "x-ms-client-request-id", *id);
  }
  return reply;
}

Reply OpenAiService::complete(const Json& body, const std::string& deployment) const {
  Completion completion;
  completion.question = last_question(body);
  if (completion.asked_for("[stand-in:content-filter]")) return filtered_prompt();
  if (completion.asked_for("[stand-in:context-length]")) {
    return json_reply(400, error_object("context_length_exceeded",
                                        "This model's maximum context length is 128000 tokens. However, your messages "
                                        "resulted in 128001 tokens. Please reduce the length of the messages.",
                                        "invalid_request_error", "messages"));
  }
  if (completion.asked_for("[stand-in:quota]")) {
    return json_reply(429, error_object("insufficient_quota",
                                        "You exceeded your current quota, please check your plan and billing details.",
                                        "insufficient_quota", nullptr));
  }
  if (completion.asked_for("[stand-in:throttle]")) return throttled();

  completion.id = "chatcmpl-" + to_base64url(random_bytes(21));
  completion.created = std::chrono::floor<std::chrono::seconds>(clock_.system_now()).time_since_epoch().count();
  completion.turn = next_turn(body);
  completion.finish_reason = completion.turn.calls.empty() ? "stop" : "tool_calls";
  const Json* limit = find_member(body, "max_tokens");
  if (limit == nullptr) limit = find_member(body, "max_completion_tokens");
  std::size_t longest = limit == nullptr ? std::string::npos : limit->get<std::size_t>() * 4;
  if (completion.asked_for("[stand-in:length]")) longest = std::min(longest, completion.turn.text.size() / 2);
  if (completion.turn.text.size() > longest) {
    // Between two characters, not within one.
    while (longest > 0 && (completion.turn.text[longest] & 0xc0) == 0x80) --longest;
    completion.turn.text.resize(longest);
    completion.finish_reason = "length";
  }
  if (completion.asked_for("[stand-in:stream-filter]")) completion.finish_reason = "content_filter";

  std::int64_t answered = count_tokens(completion.turn.text);
  for (const auto& call : completion.turn.calls) answered += count_tokens(call.arguments) + 8;
  const std::int64_t asked = count_tokens(to_text(*find_member(body, "messages")));
  completion.usage = {{"prompt_tokens", asked}, {"completion_tokens", answered}, {"total_tokens", asked + answered}};

  const Json* stream = find_member(body, "stream");
  Reply reply = stream != nullptr && *stream == true ? streamed(completion, body) : whole(completion);
  set_header(reply.headers, "x-ratelimit-remaining-requests", "99");
  set_header(reply.headers, "x-ratelimit-remaining-tokens", "99000");
  set_header(reply.headers, "azureml-model-session", deployment);
  return reply;
}

Reply OpenAiService::whole(const Completion& completion) const {
  const ModelTurn& turn = completion.turn;
  Json message{{"role", "assistant"}, {"content", nullptr}, {"refusal", nullptr}};
  if (turn.calls.empty()) message["content"] = turn.text;
  for (const auto& call : turn.calls) message["tool_calls"].push_back(to_json(call));
  return json_reply(200, {{"id", completion.id},
                          {"object", "chat.completion"},
                          {"created", completion.created},
                          {"model", kModel},
                          {"system_fingerprint", kFingerprint},
                          {"choices", Json::array({{{"index", 0},
                                                    {"message", std::move(message)},
                                                    {"finish_reason", completion.finish_reason},
                                                    {"logprobs", nullptr},
                                                    {"content_filter_results", filter_results()}}})},
                          {"usage", completion.usage},
                          {"prompt_filter_results", prompt_filter_results()}});
}

Reply OpenAiService::streamed(const Completion& completion, const Json& body) const {
  Reply reply{200, "", {{"Content-Type", "text/event-stream"}, {"Cache-Control", "no-cache"}}, ""};
  reply.pace = pace_;
  const auto chunk = [&](Json choices) {
    return Json{{"id", completion.id}, {"object", "chat.completion.chunk"},  {"created", completion.created},
                {"model", kModel},     {"system_fingerprint", kFingerprint}, {"choices", std::move(choices)}};
  };
  const auto add = [&](Json delta, const Json& finish_reason = nullptr) {
    reply.pieces.push_back(event(chunk(Json::array(
        {{{"index", 0}, {"delta", std::move(delta)}, {"finish_reason", finish_reason}, {"logprobs", nullptr}}}))));
  };
  // Azure tells about the prompt first, in a chunk without choices that belongs to no completion yet.
  reply.pieces.push_back(event({{"id", ""},
                                {"object", ""},
                                {"created", 0},
                                {"model", ""},
                                {"choices", Json::array()},
                                {"prompt_filter_results", prompt_filter_results()}}));
  add({{"role", "assistant"}, {"content", completion.turn.calls.empty() ? Json("") : Json()}, {"refusal", nullptr}});
  std::size_t longest = 0;
  for (std::size_t i = 0; i < completion.turn.calls.size(); ++i) {
    Json first = to_json(completion.turn.calls[i]);
    first["index"] = i;
    first["function"]["arguments"] = "";
    add({{"tool_calls", Json::array({std::move(first)})}});
    longest = std::max(longest, completion.turn.calls[i].arguments.size());
  }
  // Calls side by side, as a client has to put them together by their index.
  for (std::size_t at = 0; at < longest; at += kArgumentPiece) {
    for (std::size_t i = 0; i < completion.turn.calls.size(); ++i) {
      const std::string& arguments = completion.turn.calls[i].arguments;
      if (at >= arguments.size()) continue;
      // Pieces are text: a character of several bytes stays in one.
      const auto boundary = [&](std::size_t position) {
        while (position < arguments.size() && (arguments[position] & 0xc0) == 0x80) ++position;
        return std::min(position, arguments.size());
      };
      const std::size_t begin = boundary(at);
      const std::string piece = arguments.substr(begin, boundary(at + kArgumentPiece) - begin);
      add({{"tool_calls", Json::array({{{"index", i}, {"function", {{"arguments", piece}}}}})}});
    }
  }
  if (completion.turn.calls.empty()) {
    for (const auto& word : words_of(completion.turn.text)) add({{"content", word}});
  }
  if (completion.asked_for("[stand-in:stream-error]")) {
    reply.pieces.push_back(event(error_object("server_error", "The server had an error while processing your request.",
                                              "server_error", nullptr)));
    return reply;
  }
  add(Json::object(), completion.finish_reason);
  const Json* options = find_member(body, "stream_options");
  const Json* wants_usage = options == nullptr ? nullptr : find_member(*options, "include_usage");
  if (wants_usage != nullptr && *wants_usage == true) {
    Json last = chunk(Json::array());
    last["usage"] = completion.usage;
    reply.pieces.push_back(event(last));
  }
  if (!completion.asked_for("[stand-in:no-done]")) reply.pieces.emplace_back("data: [DONE]\n\n");
  return reply;
}

}  // namespace azf::emulator
