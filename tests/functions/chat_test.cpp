#include "support/test_app.h"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

using azf::Error;
using azf::ErrorKind;
using azf::HttpResponse;
using azf::Json;
using azf::to_text;
using azf::test::json_body;
using azf::test::TestApp;

const std::map<std::string, std::string> kSettings = {{"AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com"},
                                                      {"AZURE_OPENAI_DEPLOYMENT", "gpt"}};
const std::map<std::string, std::string> kDemo = {{"AZF_DEMO_AZURE_OPENAI_ENDPOINT", "https://127.0.0.1:1"}};
constexpr auto kQuestion = R"({"messages":[{"role":"user","content":"How old is the sea?"}]})";
constexpr auto kStreamed = R"({"messages":[{"role":"user","content":"How old is the sea?"}],"stream":true})";

constexpr auto kCompletion =
    R"({"model":"gpt-4o","choices":[{"index":0,"message":{"content":"Old."},"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3}})";

HttpResponse event_stream(std::string body) {
  return {.headers = {{"Content-Type", "text/event-stream"}}, .body = std::move(body)};
}

std::string text_chunk(std::string_view text) {
  return R"(data: {"model":"gpt-4o","choices":[{"index":0,"delta":{"content":")" + std::string(text) + "\"}}]}\n\n";
}

constexpr auto kEnd = "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

// An app with a token for each of that many calls.
struct Chat {
  explicit Chat(const std::vector<azf::test::FakeTransport::Reply>& replies,
                const std::map<std::string, std::string>& settings = kSettings)
      : app(settings) {
    for (const auto& reply : replies) {
      app.http.add_reply(reply);
      app.credential.add_outcome(azf::test::fake_token("planted-token", app.clock.system_now()));
    }
  }

  TestApp app;
};

// A caller that goes after some bytes.
class LeavingCaller final : public azf::BodyReader, public azf::ResponseWriter {
 public:
  explicit LeavingCaller(std::size_t stays_for) : left_(stays_for) {}

  azf::Exchange streams() { return {*this, *this}; }

  azf::Result<std::size_t> read(std::span<char>) override { return std::size_t{0}; }
  azf::Result<azf::Success> begin(const HttpResponse& head, std::optional<std::uint64_t>) override {
    status_ = head.status;
    return write("");
  }
  azf::Result<azf::Success> write(std::string_view bytes) override {
    if (bytes.size() > left_) gone_ = true;
    if (gone_) return Error{ErrorKind::kCancelled, "the peer has gone"};
    left_ -= bytes.size();
    return azf::Success{};
  }
  void break_off() override { broken_off = true; }
  [[nodiscard]] int status() const override { return status_; }
  [[nodiscard]] bool abandoned() const override { return gone_; }

  bool broken_off = false;

 private:
  std::size_t left_;
  bool gone_ = false;
  int status_ = 0;
};

TEST_SUITE("functions/chat") {
  TEST_CASE("a question is answered as a whole") {
    Chat chat({HttpResponse{.body = kCompletion}});
    const auto response = chat.app.post("/api/chat", kQuestion);
    CHECK(response.status == 200);
    CHECK(response.headers.get("Cache-Control") == "no-store");
    CHECK_FALSE(response.headers.has("X-AZF-Demo"));
    CHECK(json_body(response) ==
          Json{{"content", "Old."},
               {"finish_reason", "stop"},
               {"model", "gpt-4o"},
               {"usage", {{"prompt_tokens", 1}, {"completion_tokens", 2}, {"total_tokens", 3}}}});
    const auto request = chat.app.http.requests().at(0);
    CHECK(request.headers.get("Authorization") == "Bearer planted-token");
    CHECK(request.url == "https://a.openai.azure.com/openai/deployments/gpt/chat/completions?api-version=2024-10-21");
  }

  TEST_CASE("temperature, longest answer and all roles reach the model") {
    Chat chat({HttpResponse{.body = kCompletion}});
    const auto response =
        chat.app.post("/api/chat", R"({"messages":[{"role":"system","content":"a"},{"role":"developer","content":"b"},)"
                                   R"({"role":"assistant","content":"c"},{"role":"user","content":"d"}],)"
                                   R"("temperature":0,"max_tokens":5,"stream":false,"unknown":1})");
    REQUIRE(response.status == 200);
    const auto sent = azf::parse_json(chat.app.http.requests().at(0).body).value();
    CHECK(sent.at("temperature") == 0.0);
    CHECK(sent.at("max_tokens") == 5);
    CHECK(sent.at("messages").size() == 4);
    CHECK_FALSE(sent.contains("unknown"));
  }

  TEST_CASE("the answer is streamed while it comes") {
    Chat chat({event_stream(text_chunk("It is ") + text_chunk("old.") + kEnd)});
    const auto response = chat.app.post("/api/chat", kStreamed);
    CHECK(response.status == 200);
    CHECK(response.headers.get("Content-Type") == "text/event-stream; charset=utf-8");
    CHECK(response.body ==
          "event: text\ndata: {\"delta\":\"It is \"}\n\n"
          "event: text\ndata: {\"delta\":\"old.\"}\n\n"
          "event: done\ndata: "
          R"({"content":"It is old.","finish_reason":"stop","model":"gpt-4o","usage":null})"
          "\n\n");
  }

  TEST_CASE("what comes of a stand-in says so: answers, streams and errors") {
    Chat whole({HttpResponse{.body = kCompletion}}, kDemo);
    const auto response = whole.app.post("/api/chat", kQuestion);
    CHECK(response.headers.get("X-AZF-Demo") == "stand-in");
    CHECK(json_body(response).at("demo") == true);

    Chat streamed({event_stream(text_chunk("a") + kEnd)}, kDemo);
    const auto events = streamed.app.post("/api/chat", kStreamed);
    CHECK(events.headers.get("X-AZF-Demo") == "stand-in");
    CHECK(events.body.find(R"("demo":true)") != std::string::npos);

    Chat refused({HttpResponse{.status = 403}}, kDemo);
    CHECK(json_body(refused.app.post("/api/chat", kStreamed)).at("demo") == true);
  }

  TEST_CASE("every wrong field is named, all of them together") {
    const struct {
      std::string_view body;
      std::vector<std::string> fields;
    } cases[] = {
        {R"({})", {"messages"}},
        {R"({"messages":[]})", {"messages"}},
        {R"({"messages":"hi"})", {"messages"}},
        {R"({"messages":["hi"]})", {"messages[0].role", "messages[0].content"}},
        {R"({"messages":[{"role":"user","content":"a"},{"role":"tool","content":"b"}]})", {"messages[1].role"}},
        {R"({"messages":[{"role":"User","content":""}]})", {"messages[0].role", "messages[0].content"}},
        {R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}]})", {"messages[0].content"}},
        {R"({"messages":[{"role":"user","content":"a"}],"temperature":2.1,"max_tokens":0,"stream":1})",
         {"temperature", "max_tokens", "stream"}},
        {R"({"messages":[{"role":"user","content":"a"}],"temperature":"1","max_tokens":1.5})",
         {"temperature", "max_tokens"}},
        {R"({"messages":[{"role":"user","content":"a"}],"temperature":-0.1,"max_tokens":99999999999999999999})",
         {"temperature", "max_tokens"}},
    };
    for (const auto& [body, fields] : cases) {
      CAPTURE(body);
      const Chat chat({});
      const auto response = chat.app.post("/api/chat", std::string(body));
      CHECK(response.status == 400);
      std::vector<std::string> named;
      const Json problem = json_body(response);
      for (const auto& error : problem.at("errors")) named.push_back(error.at("field"));
      CHECK(named == fields);
    }
  }

  TEST_CASE("too many messages, and too much text, are refused before they are sent") {
    Json many = Json::array();
    for (int i = 0; i < 257; ++i) many.push_back({{"role", "user"}, {"content", "a"}});
    const Json long_ones = Json::array({{{"role", "user"}, {"content", std::string(1'100'000, 'a')}}});
    for (const Json& messages : {many, long_ones}) {
      const Chat chat({});
      const auto response = chat.app.post("/api/chat", to_text({{"messages", messages}}));
      CHECK(response.status == 400);
      CHECK(json_body(response).at("errors").at(0).at("field") == "messages");
    }
  }

  TEST_CASE("without settings the answer names the setting") {
    const TestApp app;
    const auto response = app.post("/api/chat", kQuestion);
    CHECK(response.status == 503);
    CHECK(json_body(response).at("code") == "not_configured");
    CHECK(json_body(response).at("detail").get<std::string>().starts_with("AZURE_OPENAI_ENDPOINT is not set"));
  }

  TEST_CASE("each refusal of the service has its status, code and next step, streamed or not") {
    HttpResponse busy{.status = 429, .headers = {{"Retry-After", "90"}}, .body = R"({"error":{"code":"429"}})"};
    const struct {
      HttpResponse reply;
      int status;
      std::string_view code;
      std::string_view detail;
    } cases[] = {
        {{.status = 400, .body = R"({"error":{"code":"content_filter","message":"planted-text"}})"},
         400,
         "content_filter",
         "content filter"},
        {{.status = 400, .body = R"({"error":{"code":"context_length_exceeded"}})"},
         400,
         "context_length_exceeded",
         "longer than the model takes"},
        {{.status = 403, .body = R"({"statusCode":403,"message":"planted-text"})"},
         502,
         "403",
         "role Cognitive Services OpenAI User"},
        {{.status = 404, .body = R"({"error":{"code":"DeploymentNotFound"}})"},
         503,
         "DeploymentNotFound",
         "no deployment \"gpt\" with api-version 2024-10-21"},
        {busy, 429, "429", "try again later"},
        {{.status = 429, .body = R"({"error":{"code":"insufficient_quota"}})"},
         503,
         "insufficient_quota",
         "raise it in the Azure portal"},
    };
    for (const auto& [reply, status, code, detail] : cases) {
      for (const auto* body : {kQuestion, kStreamed}) {
        CAPTURE(code);
        Chat chat({reply});
        const auto response = chat.app.post("/api/chat", body);
        CHECK(response.status == status);
        CHECK(response.headers.get("Content-Type") == "application/problem+json");
        CHECK(json_body(response).at("code") == code);
        CHECK(json_body(response).at("detail").get<std::string>().find(detail) != std::string::npos);
        CHECK((response.headers.get("Retry-After") == "90") == (status == 429));
        CHECK((response.body + chat.app.log_sink.text()).find("planted") == std::string::npos);
      }
    }
  }

  TEST_CASE("a service that fails in the middle of a stream ends it with an error event, and is not asked again") {
    const struct {
      std::string_view rest;
      std::string_view code;
    } cases[] = {
        {"", "stream_ended_early"},
        {"data: {\"error\":{\"code\":\"content_filter\",\"message\":\"planted-text\"}}\n\n", "content_filter"},
        {"data: {\n\n", "unexpected_reply"},
    };
    for (const auto& [rest, code] : cases) {
      CAPTURE(code);
      Chat chat({event_stream(text_chunk("half") + std::string(rest))});
      const auto response = chat.app.post("/api/chat", kStreamed);
      CHECK(response.status == 200);
      CHECK(response.body.starts_with("event: text\ndata: {\"delta\":\"half\"}\n\nevent: error\ndata: {"));
      CHECK(response.body.find("\"code\":\"" + std::string(code) + "\"") != std::string::npos);
      CHECK(response.body.find("planted") == std::string::npos);
      CHECK(chat.app.http.requests().size() == 1);
    }
  }

  TEST_CASE("a service that cannot be reached is a 502, one that is too slow a 504, and no address is told") {
    const std::pair<ErrorKind, int> cases[] = {{ErrorKind::kUnexpectedResponse, 502}, {ErrorKind::kTimeout, 504}};
    for (const auto& [kind, status] : cases) {
      Chat chat({Error{kind, "10.1.2.3"}, Error{kind, "10.1.2.3"}, Error{kind, "10.1.2.3"}});
      const auto response = chat.app.post("/api/chat", kQuestion);
      CHECK(response.status == status);
      CHECK(response.body.find("10.1.2.3") == std::string::npos);
      CHECK(chat.app.log_sink.text().find("10.1.2.3") != std::string::npos);
    }
  }

  TEST_CASE("the app's function time-out is the deadline of the call") {
    Chat chat({HttpResponse{.body = kCompletion}});
    REQUIRE(chat.app.post("/api/chat", kQuestion).status == 200);
    const auto deadline = chat.app.http.options().at(0).deadline;
    CHECK(deadline.remaining(chat.app.clock) == std::chrono::minutes(5));
  }

  TEST_CASE("a caller that goes ends the call to the service") {
    Chat chat({event_stream(text_chunk("a") + text_chunk("b") + text_chunk("c") + kEnd)});
    LeavingCaller caller(50);
    const auto response = chat.app.send({.method = azf::Method::kPost,
                                         .url = "/api/chat",
                                         .headers = {{"Content-Type", "application/json"}},
                                         .body = kStreamed},
                                        caller.streams());
    CHECK(caller.broken_off);
    const auto options = chat.app.http.options();
    REQUIRE(options.size() == 1);
    CHECK(chat.app.log_sink.text().find("\"kind\":\"cancelled\"") != std::string::npos);
  }
}

}  // namespace
