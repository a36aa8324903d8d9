#include "azure/chat_client.h"

#include "azure/sse_reader.h"
#include "identity/text.h"

#include <charconv>
#include <optional>
#include <string>
#include <utility>

namespace azf::azure {
namespace {

constexpr std::string_view kService = "openai";
constexpr std::size_t kNameLimit = 100;

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

bool is_quota_exhausted(const ServiceRefusal& refusal) { return refusal.code == "insufficient_quota"; }

// A quota does not come back by waiting.
bool is_final(const HttpResponse& reply) {
  return reply.status == 429 && is_quota_exhausted(parse_service_refusal(reply.body));
}

// Whether the reply says that the model does not know that parameter, as opposed to its value.
bool is_unknown_parameter(const HttpResponse& reply, std::string_view name) {
  if (reply.status != 400) return false;
  const auto refusal = parse_service_refusal(reply.body);
  const bool unknown = refusal.code == "unsupported_parameter" || contains(refusal.message, "nsupported parameter") ||
                       contains(refusal.message, "nrecognized request argument");
  return unknown && (refusal.parameter == name || contains(refusal.message, name));
}

std::string_view limit_name(bool newer) { return newer ? "max_completion_tokens" : "max_tokens"; }

bool is_event_stream(const HttpResponse& head) {
  auto type = head.headers.get("Content-Type").value_or("");
  return equal_ignoring_case(type.substr(0, type.find(';')), "text/event-stream");
}

// The status that an error would have had if it had not come in the middle of a stream.
int status_of(const ServiceRefusal& refusal) {
  int status = 0;
  const std::string& code = refusal.code;
  std::from_chars(code.data(), code.data() + code.size(), status);
  if (status >= 400 && status < 600) return status;
  if (code == "rate_limit_exceeded" || code == "RateLimitReached" || is_quota_exhausted(refusal)) return 429;
  return code == "content_filter" || code == "context_length_exceeded" || code == "invalid_request_error" ? 400 : 500;
}

}  // namespace

// Reads one streamed reply, and hands its text on.
class ChatClient::Stream final : public ReplyReceiver {
 public:
  Stream(const ChatClient& client, ChatListener& listener) : client_(client), listener_(listener) {}

  bool begin(const HttpResponse& head) override {
    begun_ = head.status == 200 && is_event_stream(head);
    return begun_;
  }

  Result<Success> receive(std::string_view bytes) override {
    if (done_) return Success{};
    reader_.append(bytes);
    return take_events();
  }

  /// What came of it, once the transfer has ended in that way.
  Result<ChatReply, ChatError> outcome(const Result<HttpResponse>& transfer) {
    if (!begun_ && transfer) return ChatError{client_.refusal(*transfer)};
    auto ended = transfer ? end() : Result<Success>(transfer.error());
    if (done_) return builder_.reply();
    if (failure_) return ChatError{*std::move(failure_), builder_.reply()};
    if (!ended && !(begun_ && ended.error().kind == ErrorKind::kTransport)) {
      return ChatError{to_service_error(kService, ended.error()), builder_.reply()};
    }
    return ChatError{{.kind = ServiceErrorKind::kBrokenOff,
                      .status = 200,
                      .code = "stream_ended_early",
                      .message = "openai: the answer broke off before its end; ask again"},
                     builder_.reply()};
  }

 private:
  Result<Success> end() {
    reader_.end();
    return take_events();
  }

  Result<Success> take_events() {
    while (!done_) {
      auto event = reader_.next();
      if (!event) return std::move(event).error();
      if (!*event) break;
      if (auto taken = take(**event); !taken) return taken;
    }
    return Success{};
  }

  Result<Success> take(const SseEvent& event) {
    if (event.data.empty()) return Success{};
    done_ = event.data.starts_with("[DONE]");
    if (done_) return Success{};
    const auto chunk = parse_json(event.data);
    if (!chunk) return Error{ErrorKind::kUnexpectedResponse, "an event of the stream is " + chunk.error().message};
    if (event.type == "error" || find_member(*chunk, "error") != nullptr) return fail(event.data);
    auto text = builder_.add(*chunk);
    if (!text) return std::move(text).error();
    return text->empty() ? Success{} : listener_.take_text(*text);
  }

  Result<Success> fail(const std::string& body) {
    failure_ = client_.refusal({.status = status_of(parse_service_refusal(body)), .headers = {}, .body = body});
    failure_->status = 200;
    failure_->message.insert(0, "in the middle of its answer, ");
    return Error{ErrorKind::kUnexpectedResponse, failure_->message};
  }

  const ChatClient& client_;
  ChatListener& listener_;
  SseReader reader_;
  ChatReplyBuilder builder_;
  bool begun_ = false;
  bool done_ = false;
  std::optional<ServiceError> failure_;
};

ChatClient::ChatClient(ServiceConnection& connection, ChatDeployment deployment, const Clock& clock)
    : connection_(connection),
      deployment_(std::move(deployment)),
      clock_(clock),
      newer_limit_(deployment_.api_version == "v1") {}

Result<ChatReply, ChatError> ChatClient::complete(const ChatRequest& request, const CallOptions& options) {
  const auto reply = send(request, body_of(request), options);
  if (!reply) return ChatError{to_service_error(kService, reply.error())};
  if (reply->status != 200) return ChatError{refusal(*reply)};
  auto parsed = parse_chat_reply(reply->body);
  if (!parsed) return ChatError{to_service_error(kService, parsed.error())};
  return *std::move(parsed);
}

Result<ChatReply, ChatError> ChatClient::stream(const ChatRequest& request, ChatListener& listener,
                                                const CallOptions& options) {
  Json body = body_of(request);
  body["stream"] = true;
  body["stream_options"] = {{"include_usage", true}};
  Stream stream(*this, listener);
  CallOptions streaming = options;
  streaming.receiver = &stream;
  return stream.outcome(send(request, body, streaming));
}

Json ChatClient::body_of(const ChatRequest& request) const {
  Json body = to_json(request);
  body["model"] = deployment_.deployment;
  return body;
}

Result<HttpResponse> ChatClient::send(const ChatRequest& request, const Json& body, const CallOptions& options) {
  const auto http_request = [&](bool newer) {
    Json whole = body;
    if (request.max_tokens) whole[std::string(limit_name(newer))] = *request.max_tokens;
    return HttpRequest{.method = Method::kPost,
                       .url = chat_completions_url(deployment_),
                       .headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}},
                       .body = to_text(whole)};
  };
  const bool newer = newer_limit_;
  auto reply = send_authorized(http_request(newer), options);
  if (!request.max_tokens || !reply || !is_unknown_parameter(*reply, limit_name(newer))) return reply;
  auto other = send_authorized(http_request(!newer), options);
  if (other && other->status == 200) newer_limit_ = !newer;
  return other;
}

Result<HttpResponse> ChatClient::send_authorized(const HttpRequest& request, const CallOptions& options) {
  CallOptions call = options;
  call.is_final = is_final;
  auto reply = connection_.send(request, call);
  // The connection has dropped the token, so that the next one is fresh.
  if (reply && reply->status == 401) return connection_.send(request, call);
  return reply;
}

ServiceError ChatClient::refusal(const HttpResponse& reply) const {
  auto error = parse_service_error(kService, reply, clock_.system_now());
  const auto refusal = parse_service_refusal(reply.body);
  const auto narrow = [&](ServiceErrorKind kind, std::string_view advice) {
    error.kind = kind;
    error.message.append(": ").append(advice);
    return error;
  };
  switch (error.kind) {
    case ServiceErrorKind::kInvalidRequest:
      if (refusal.code == "content_filter" || refusal.inner_code == "ResponsibleAIPolicyViolation") {
        return narrow(ServiceErrorKind::kContentFiltered,
                      "its content filter refused the messages; say it in other words");
      }
      if (refusal.code == "context_length_exceeded") {
        return narrow(ServiceErrorKind::kInputTooLong, "the messages are longer than the model takes; send fewer");
      }
      if (!refusal.parameter.empty()) {
        return narrow(error.kind, "the model does not take " + identity::printable(refusal.parameter, kNameLimit) +
                                      " as it was sent");
      }
      return error;
    case ServiceErrorKind::kUnauthorized:
      return narrow(error.kind,
                    "it takes no token of this identity, not even a fresh one; AZURE_OPENAI_ENDPOINT must be a "
                    "resource of the identity's tenant, with its own host name");
    case ServiceErrorKind::kForbidden:
      return narrow(error.kind,
                    "give the app's identity the role Cognitive Services OpenAI User on the resource; if it has it, "
                    "look at the resource's firewall and private endpoint");
    case ServiceErrorKind::kNotFound:
      return narrow(ServiceErrorKind::kNotConfigured,
                    "no deployment \"" + identity::printable(deployment_.deployment, kNameLimit) +
                        "\" with api-version " + deployment_.api_version +
                        " there; look at AZURE_OPENAI_DEPLOYMENT, AZURE_OPENAI_API_VERSION and AZURE_OPENAI_ENDPOINT");
    case ServiceErrorKind::kRateLimited:
      if (is_quota_exhausted(refusal)) {
        return narrow(ServiceErrorKind::kQuotaExhausted,
                      "the quota of the deployment is used up; raise it in the Azure portal");
      }
      return narrow(error.kind, "too many requests or tokens just now; try again later");
    case ServiceErrorKind::kUnavailable: return narrow(error.kind, "a failure of the service's own; try again later");
    default: return error;
  }
}

}  // namespace azf::azure
