#include "azure/chat_client.h"

#include "azure/service_fixture.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

namespace {

using azf::Deadline;
using azf::Error;
using azf::ErrorKind;
using azf::HttpResponse;
using azf::Json;
using azf::Result;
using azf::Success;
using azf::to_text;
using azf::azure::CallOptions;
using azf::azure::ChatClient;
using azf::azure::ChatDeployment;
using azf::azure::ChatReply;
using azf::azure::ChatRequest;
using azf::azure::ChatRole;
using azf::azure::ChatUsage;
using azf::azure::ServiceErrorKind;
using azf::azure::ToolCall;
using std::chrono::milliseconds;
using std::chrono::seconds;

const ChatDeployment kClassic{"https://a.openai.azure.com", "gpt 4/o", "2024-10-21"};
const ChatDeployment kV1{"https://a.openai.azure.com", "gpt 4/o", "v1"};

class RecordingListener final : public azf::azure::ChatListener {
 public:
  Result<Success> take_text(std::string_view delta) override {
    if (deltas.size() == most) return Error{ErrorKind::kCancelled, "the caller has gone"};
    deltas.emplace_back(delta);
    return Success{};
  }

  std::vector<std::string> deltas;
  std::size_t most = 1000;
};

struct Fixture : azf::test::ServiceFixture {
  explicit Fixture(const std::vector<HttpResponse>& replies, const ChatDeployment& deployment = kClassic)
      : ServiceFixture(std::vector<azf::test::FakeTransport::Reply>(replies.begin(), replies.end())),
        client(connections.connect(azf::azure::chat_service()), deployment, clock) {}

  [[nodiscard]] Json sent(std::size_t index) const { return azf::parse_json(http.requests().at(index).body).value(); }

  ChatClient client;
};

ChatRequest question() { return {.messages = {{.role = ChatRole::kUser, .content = "How old is the sea?"}}}; }

HttpResponse completion(std::string_view content) {
  const Json choice = {
      {"index", 0}, {"message", {{"role", "assistant"}, {"content", content}}}, {"finish_reason", "stop"}};
  return {.headers = {{"Content-Type", "application/json"}},
          .body = to_text({{"model", "gpt-4o"}, {"choices", Json::array({choice})}})};
}

HttpResponse event_stream(std::string body) {
  return {.headers = {{"Content-Type", "text/event-stream; charset=utf-8"}}, .body = std::move(body)};
}

std::string chunk(const Json& delta, const Json& finish_reason = nullptr) {
  const Json choice = {{"index", 0}, {"delta", delta}, {"finish_reason", finish_reason}};
  return "data: " + to_text({{"model", "gpt-4o"}, {"choices", Json::array({choice})}}) + "\n\n";
}

std::string text_chunk(std::string_view text) { return chunk({{"content", text}}); }

std::string fragment(int index, const Json& rest) {
  Json call = rest;
  call["index"] = index;
  return chunk({{"tool_calls", Json::array({call})}});
}

HttpResponse refusal(int status, std::string_view code, std::string_view message = "planted-text",
                     const Json& more = Json::object()) {
  Json error = {{"code", code}, {"message", message}};
  error.update(more);
  return {.status = status, .headers = {{"Content-Type", "application/json"}}, .body = to_text({{"error", error}})};
}

// Begins a reply, and breaks off in its middle.
class BreakingTransport final : public azf::HttpTransport {
 public:
  explicit BreakingTransport(ErrorKind kind) : kind_(kind) {}

  Result<HttpResponse> send(const azf::HttpRequest&, const azf::SendOptions& options) override {
    const auto reply = event_stream(text_chunk("half"));
    REQUIRE(options.receiver->begin(reply));
    REQUIRE(options.receiver->receive(reply.body));
    return Error{kind_, "broke off"};
  }

 private:
  const ErrorKind kind_;
};

TEST_SUITE("azure/chat_client") {
  TEST_CASE("S-2: the deployment stands in the path with an api-version, or in the body without one") {
    const struct {
      ChatDeployment deployment;
      std::string_view url;
    } cases[] = {
        {kClassic, "https://a.openai.azure.com/openai/deployments/gpt%204%2Fo/chat/completions?api-version=2024-10-21"},
        {kV1, "https://a.openai.azure.com/openai/v1/chat/completions"},
    };
    for (const auto& [deployment, url] : cases) {
      Fixture fixture({completion("old")}, deployment);
      REQUIRE(fixture.client.complete(question(), {}));
      const auto request = fixture.http.requests().at(0);
      CHECK(request.method == azf::Method::kPost);
      CHECK(request.url == url);
      CHECK(request.headers.get("Content-Type") == "application/json");
      CHECK(fixture.sent(0) ==
            Json{{"model", "gpt 4/o"},
                 {"messages", Json::array({{{"role", "user"}, {"content", "How old is the sea?"}}})}});
    }
  }

  TEST_CASE("S-1: tokens are asked for the service's scope, and go to the host of the setting only") {
    Fixture fixture({{.status = 307, .headers = {{"Location", "https://evil.example/"}}}});
    CHECK_FALSE(fixture.client.complete(question(), {}));
    REQUIRE(fixture.http.requests().size() == 1);
    CHECK(fixture.http.requests()[0].headers.get("Authorization") ==
          "Bearer token-1 for https://cognitiveservices.azure.com/.default");
    CHECK(fixture.credential.requests().at(0).scopes ==
          std::vector<std::string>{"https://cognitiveservices.azure.com/.default"});
  }

  TEST_CASE("a whole conversation with tools is sent") {
    Fixture fixture({completion("42")});
    const ChatRequest request{
        .messages = {{.role = ChatRole::kSystem, .content = "Be brief."},
                     {.role = ChatRole::kAssistant, .tool_calls = {{"call_1", "run_python", "{\"code\":"}}},
                     {.role = ChatRole::kTool, .content = "not JSON", .tool_call_id = "call_1"}},
        .temperature = 0.5,
        .max_tokens = 100,
        .tools = {{"run_python", "Runs code.", {{"type", "object"}}}}};
    REQUIRE(fixture.client.complete(request, {}));
    const Json expected = Json::parse(R"({
        "model": "gpt 4/o", "temperature": 0.5, "max_tokens": 100,
        "messages": [
          {"role": "system", "content": "Be brief."},
          {"role": "assistant", "content": null, "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "run_python", "arguments": "{\"code\":"}}]},
          {"role": "tool", "content": "not JSON", "tool_call_id": "call_1"}],
        "tools": [{"type": "function", "function":
          {"name": "run_python", "description": "Runs code.", "parameters": {"type": "object"}}}]})");
    CHECK(fixture.sent(0) == expected);
  }

  TEST_CASE("a whole reply is read, tool calls included") {
    const struct {
      std::string_view body;
      ChatReply expected;
    } cases[] = {
        {R"({"model":"m","choices":[{"message":{"content":"hi"},"finish_reason":"stop"}],)"
         R"("usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})",
         {.content = "hi", .finish_reason = "stop", .model = "m", .usage = ChatUsage{1, 2, 3}}},
        {R"({"choices":[{"message":{"content":null,"tool_calls":[{"id":"c","type":"function",)"
         R"("function":{"name":"f","arguments":"{"}}]},"finish_reason":"tool_calls"}]})",
         {.tool_calls = {{"c", "f", "{"}}, .finish_reason = "tool_calls"}},
        {R"({"choices":[{"message":{"content":null,"refusal":"no"},"finish_reason":"stop"}]})",
         {.content = "no", .finish_reason = "stop"}},
        {R"({"choices":[{"message":{},"finish_reason":"content_filter"}]})", {.finish_reason = "content_filter"}},
    };
    for (const auto& [body, expected] : cases) {
      CAPTURE(body);
      Fixture fixture({{.body = std::string(body)}});
      const auto reply = fixture.client.complete(question(), {});
      REQUIRE(reply);
      CHECK(*reply == expected);
    }
  }

  TEST_CASE("what is no completion is refused, and not repeated") {
    for (const auto* body : {"", "{", "[]", "{}", R"({"choices":[]})", R"({"choices":[1]})", R"({"choices":[{}]})",
                             R"({"choices":[{"message":{"content":5}}]})"}) {
      CAPTURE(body);
      Fixture fixture({{.body = body}});
      CHECK(fixture.client.complete(question(), {}).error().error.kind == ServiceErrorKind::kUnexpectedReply);
    }
  }

  TEST_CASE("S-4: empty choices first, chunks of filters, usage at the end, and [DONE]; a streamed reply is whole") {
    Fixture fixture(
        {event_stream(R"(data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}]})"
                      "\n\n" +
                      chunk({{"role", "assistant"}, {"content", ""}}) + text_chunk("4.5 ") +
                      R"(data: {"choices":[{"index":0,"content_filter_results":{}}]})"
                      "\n\n" +
                      R"(data: {"choices":[{"index":1,"delta":{"content":"another answer"}}]})"
                      "\n\n" +
                      text_chunk("\xe2\x80\x94 old") + chunk(Json::object(), "stop") +
                      R"(data: {"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})"
                      "\n\ndata: [DONE]\n\ndata: drained, whatever it is\n\n")});
    RecordingListener listener;
    const auto reply = fixture.client.stream(question(), listener, {});
    REQUIRE(reply);
    CHECK(*reply == ChatReply{.content = "4.5 \xe2\x80\x94 old",
                              .finish_reason = "stop",
                              .model = "gpt-4o",
                              .usage = ChatUsage{1, 2, 3}});
    CHECK(listener.deltas == std::vector<std::string>{"4.5 ", "\xe2\x80\x94 old"});
    CHECK(fixture.sent(0).at("stream") == true);
    CHECK(fixture.sent(0).at("stream_options") == Json{{"include_usage", true}});
  }

  TEST_CASE("S-4: a stream without [DONE] is an error that keeps what came") {
    Fixture fixture({event_stream(text_chunk("half an ") + chunk(Json::object(), "stop"))});
    RecordingListener listener;
    const auto reply = fixture.client.stream(question(), listener, {});
    REQUIRE_FALSE(reply);
    CHECK(reply.error().error.kind == ServiceErrorKind::kBrokenOff);
    CHECK(reply.error().error.code == "stream_ended_early");
    CHECK(reply.error().so_far.content == "half an ");
    CHECK(fixture.http.requests().size() == 1);
  }

  TEST_CASE("S-5: fragments of two calls that come interleaved are put together by their index") {
    Fixture fixture({event_stream(
        fragment(1, {{"id", "call_b"}, {"type", "function"}, {"function", {{"name", "second"}, {"arguments", ""}}}}) +
        fragment(0, {{"id", "call_a"}, {"type", "function"}, {"function", {{"name", "first"}, {"arguments", ""}}}}) +
        fragment(0, {{"function", {{"arguments", "{\"x\""}}}}) + fragment(1, {{"function", {{"arguments", "{\"y"}}}}) +
        fragment(0, {{"function", {{"arguments", ":1}"}}}}) + fragment(1, {{"function", {{"arguments", "\":2}"}}}}) +
        chunk(Json::object(), "tool_calls") + "data: [DONE]\n\n")});
    RecordingListener listener;
    const auto reply = fixture.client.stream(question(), listener, {});
    REQUIRE(reply);
    CHECK(reply->tool_calls ==
          std::vector<ToolCall>{{"call_a", "first", R"({"x":1})"}, {"call_b", "second", R"({"y":2})"}});
    CHECK(reply->finish_reason == "tool_calls");
    CHECK(listener.deltas.empty());
  }

  TEST_CASE("S-6: retry-after-ms is waited for, and wins over Retry-After") {
    HttpResponse busy = refusal(429, "429");
    busy.headers.set("retry-after-ms", "20");
    busy.headers.set("Retry-After", "9");
    Fixture fixture({busy, completion("old")});
    REQUIRE(fixture.client.complete(question(), {}));
    CHECK(fixture.clock.sleeps() == std::vector<std::chrono::nanoseconds>{milliseconds(20)});
  }

  TEST_CASE("S-6: x-should-retry: false stops repetitions, and so does a quota that is used up") {
    HttpResponse no_retry = refusal(503, "busy");
    no_retry.headers.set("x-should-retry", "false");
    const struct {
      HttpResponse reply;
      ServiceErrorKind kind;
    } cases[] = {
        {no_retry, ServiceErrorKind::kUnavailable},
        {refusal(429, "insufficient_quota"), ServiceErrorKind::kQuotaExhausted},
    };
    for (const auto& [reply, kind] : cases) {
      Fixture fixture({reply});
      CHECK(fixture.client.complete(question(), {}).error().error.kind == kind);
      Fixture streamed({reply});
      RecordingListener listener;
      CHECK(streamed.client.stream(question(), listener, {}).error().error.kind == kind);
    }
  }

  TEST_CASE("S-7: an error inside the stream is told apart, and nothing is sent again after the first event") {
    const struct {
      std::string_view event;
      ServiceErrorKind kind;
      std::string_view code;
    } cases[] = {
        {R"(data: {"error":{"code":"content_filter","message":"m"}})", ServiceErrorKind::kContentFiltered,
         "content_filter"},
        {R"(data: {"error":{"code":"429","message":"retry after 3 seconds"}})", ServiceErrorKind::kRateLimited, "429"},
        {R"(data: {"error":{"code":null,"type":"server_error","message":"m"}})", ServiceErrorKind::kUnavailable,
         "server_error"},
        {"event: error\ndata: {\"code\":\"rate_limit_exceeded\",\"message\":\"m\"}", ServiceErrorKind::kRateLimited,
         "rate_limit_exceeded"},
        {"data: {]", ServiceErrorKind::kUnexpectedReply, "unexpected_reply"},
        {"data: 7", ServiceErrorKind::kUnexpectedReply, "unexpected_reply"},
    };
    for (const auto& [event, kind, code] : cases) {
      CAPTURE(event);
      Fixture fixture({event_stream(text_chunk("It is ") + std::string(event) + "\n\n" + text_chunk("not reached"))});
      RecordingListener listener;
      const auto reply = fixture.client.stream(question(), listener, {});
      REQUIRE_FALSE(reply);
      CHECK(reply.error().error.kind == kind);
      CHECK(reply.error().error.code == code);
      CHECK(reply.error().so_far.content == "It is ");
      CHECK(listener.deltas == std::vector<std::string>{"It is "});
      CHECK(fixture.http.requests().size() == 1);
    }
  }

  TEST_CASE("S-8: after a 401 the call is made once more with a fresh token, then the refusal is told") {
    Fixture mended({refusal(401, "401"), completion("old")});
    CHECK(mended.client.complete(question(), {}));
    CHECK(mended.http.requests().at(0).headers.get("Authorization") ==
          "Bearer token-1 for https://cognitiveservices.azure.com/.default");
    CHECK(mended.http.requests().at(1).headers.get("Authorization") ==
          "Bearer token-2 for https://cognitiveservices.azure.com/.default");

    Fixture refused({refusal(401, "401"), refusal(401, "PermissionDenied")});
    RecordingListener listener;
    const auto reply = refused.client.stream(question(), listener, {});
    REQUIRE_FALSE(reply);
    CHECK(reply.error().error.kind == ServiceErrorKind::kUnauthorized);
    CHECK(reply.error().error.code == "PermissionDenied");
    CHECK(refused.http.requests().size() == 2);
  }

  TEST_CASE("each refusal says what can be done about it, and nothing of the reply's text") {
    const struct {
      HttpResponse reply;
      ServiceErrorKind kind;
      std::string_view message;
    } cases[] = {
        {refusal(400, "content_filter", "planted-text", {{"innererror", {{"code", "ResponsibleAIPolicyViolation"}}}}),
         ServiceErrorKind::kContentFiltered, "content filter"},
        {refusal(400, "BadRequest", "planted-text", {{"innererror", {{"code", "ResponsibleAIPolicyViolation"}}}}),
         ServiceErrorKind::kContentFiltered, "content filter"},
        {refusal(400, "context_length_exceeded"), ServiceErrorKind::kInputTooLong, "longer than the model takes"},
        {refusal(400, "unsupported_value", "planted-text", {{"param", "temperature"}}),
         ServiceErrorKind::kInvalidRequest, "does not take temperature"},
        {refusal(403, "Forbidden"), ServiceErrorKind::kForbidden, "role Cognitive Services OpenAI User"},
        {refusal(403, "Forbidden"), ServiceErrorKind::kForbidden, "firewall and private endpoint"},
        {refusal(404, "DeploymentNotFound"), ServiceErrorKind::kNotConfigured,
         "no deployment \"gpt 4/o\" with api-version 2024-10-21"},
        {{.status = 404, .body = R"({"statusCode":404,"message":"planted-text"})"},
         ServiceErrorKind::kNotConfigured,
         "openai answered 404 (404)"},
    };
    for (const auto& [reply, kind, message] : cases) {
      CAPTURE(message);
      Fixture fixture({reply});
      const auto outcome = fixture.client.complete(question(), {});
      REQUIRE_FALSE(outcome);
      const auto& error = outcome.error().error;
      CHECK(error.kind == kind);
      CHECK_MESSAGE(error.message.find(message) != std::string::npos, error.message);
      CHECK(error.message.find("planted-text") == std::string::npos);
      CHECK(fixture.sink.text().find("planted-text") == std::string::npos);
    }
  }

  TEST_CASE("a limit of rate that lasts is told with the wish to wait") {
    HttpResponse busy = refusal(429, "429", "Please retry after 86400 seconds.");
    busy.headers.set("Retry-After", "86400");
    Fixture fixture({busy});
    const auto outcome = fixture.client.complete(question(), {});
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().error.kind == ServiceErrorKind::kRateLimited);
    CHECK(outcome.error().error.retry_after == milliseconds(86'400'000));
    CHECK(fixture.clock.sleeps().empty());
  }

  TEST_CASE("a model that knows the other parameter only is asked once more, and remembered") {
    const auto unsupported = refusal(
        400, "unsupported_parameter",
        "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
        {{"param", "max_tokens"}, {"type", "invalid_request_error"}});
    Fixture newer({unsupported, completion("a"), completion("b")});
    ChatRequest request = question();
    request.max_tokens = 5;
    REQUIRE(newer.client.complete(request, {}));
    REQUIRE(newer.client.complete(request, {}));
    CHECK(newer.sent(0).contains("max_tokens"));
    CHECK(newer.sent(1).at("max_completion_tokens") == 5);
    CHECK_FALSE(newer.sent(1).contains("max_tokens"));
    CHECK(newer.sent(2).contains("max_completion_tokens"));

    Fixture older(
        {refusal(400, "invalid_request_error", "Unrecognized request argument supplied: max_completion_tokens"),
         event_stream(text_chunk("a") + "data: [DONE]\n\n")},
        kV1);
    RecordingListener listener;
    REQUIRE(older.client.stream(request, listener, {}));
    CHECK(older.sent(1).at("max_tokens") == 5);
  }

  TEST_CASE("a value that the model does not take is no reason to ask with the other parameter") {
    Fixture fixture({refusal(400, "invalid_value", "max_tokens is too large: 100000", {{"param", "max_tokens"}})});
    ChatRequest request = question();
    request.max_tokens = 100'000;
    CHECK(fixture.client.complete(request, {}).error().error.kind == ServiceErrorKind::kInvalidRequest);
  }

  TEST_CASE("a caller that has gone ends the stream") {
    Fixture fixture({event_stream(text_chunk("a") + text_chunk("b") + text_chunk("c") + "data: [DONE]\n\n")});
    RecordingListener listener;
    listener.most = 2;
    const auto reply = fixture.client.stream(question(), listener, {});
    REQUIRE_FALSE(reply);
    CHECK(reply.error().error.kind == ServiceErrorKind::kCancelled);
    CHECK(fixture.http.requests().size() == 1);
  }

  TEST_CASE("deadline, cancellation and the wait for the first byte reach the transport") {
    Fixture fixture({completion("old")});
    int asked = 0;
    const CallOptions options{.deadline = Deadline::after(fixture.clock, seconds(5)), .cancelled = [&] {
                                ++asked;
                                return false;
                              }};
    REQUIRE(fixture.client.complete(question(), options));
    const auto sent = fixture.http.options().at(0);
    CHECK(sent.deadline.instant() == options.deadline.instant());
    CHECK(sent.try_timeout == seconds(120));
    sent.cancelled();
    CHECK(asked == 1);
  }

  TEST_CASE("a service that restarts before its first event is asked again, and not after it") {
    Fixture fixture({});
    fixture.http.add_reply(Error{ErrorKind::kTransport, "connection refused"});
    fixture.http.add_reply(event_stream(text_chunk("a") + "data: [DONE]\n\n"));
    RecordingListener listener;
    CHECK(fixture.client.stream(question(), listener, {}));
    CHECK(fixture.http.requests().size() == 2);
  }

  TEST_CASE("errors without a reply keep their kind") {
    const std::pair<ErrorKind, ServiceErrorKind> cases[] = {
        {ErrorKind::kCancelled, ServiceErrorKind::kCancelled},
        {ErrorKind::kUnexpectedResponse, ServiceErrorKind::kUnexpectedReply},
        {ErrorKind::kInvalidArgument, ServiceErrorKind::kInvalidRequest},
    };
    for (const auto& [kind, expected] : cases) {
      Fixture fixture({});
      fixture.http.add_reply(Error{kind, "why"});
      CHECK(fixture.client.complete(question(), {}).error().error.kind == expected);
    }
  }

  TEST_CASE("a service that breaks off in the middle of a stream is told as that, with what came") {
    const std::pair<ErrorKind, ServiceErrorKind> cases[] = {
        {ErrorKind::kTransport, ServiceErrorKind::kBrokenOff},
        {ErrorKind::kTimeout, ServiceErrorKind::kTimeout},
        {ErrorKind::kCancelled, ServiceErrorKind::kCancelled},
    };
    for (const auto& [kind, expected] : cases) {
      const azf::test::FakeClock clock;
      BreakingTransport transport(kind);
      azf::azure::ServiceConnection connection(transport, azf::azure::chat_service());
      ChatClient client(connection, kClassic, clock);
      RecordingListener listener;
      const auto reply = client.stream(question(), listener, {});
      REQUIRE_FALSE(reply);
      CHECK(reply.error().error.kind == expected);
      CHECK(reply.error().so_far.content == "half");
    }
  }
}

}  // namespace
