#include "support/test_app.h"

#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace {

using azf::Error;
using azf::ErrorKind;
using azf::HttpResponse;
using azf::Json;
using azf::to_text;
using azf::test::json_body;
using azf::test::TestApp;

using Replies = std::vector<azf::test::FakeTransport::Reply>;
using Settings = std::map<std::string, std::string>;

const Settings kSettings = {{"AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com"},
                            {"AZURE_OPENAI_DEPLOYMENT", "gpt"},
                            {"AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT", "https://eu.dynamicsessions.io/pools/p"},
                            {"AZF_SESSION_KEY", "planted-session-key-of-32-characters"}};

Settings with(const Settings& more) {
  Settings settings = kSettings;
  for (const auto& [name, value] : more) settings[name] = value;
  return settings;
}

HttpResponse completion(const Json& message) {
  const Json choice = {{"index", 0}, {"message", message}, {"finish_reason", "stop"}};
  return {.body = to_text({{"choices", Json::array({choice})},
                           {"usage", {{"prompt_tokens", 2}, {"completion_tokens", 1}, {"total_tokens", 3}}}})};
}

Json call(std::string_view code) {
  return {{"index", 0},
          {"id", "call_1"},
          {"type", "function"},
          {"function", {{"name", "run_python"}, {"arguments", to_text({{"code", code}})}}}};
}

HttpResponse asks_for(std::string_view code) {
  return completion({{"content", nullptr}, {"tool_calls", Json::array({call(code)})}});
}

HttpResponse events(const std::vector<Json>& deltas) {
  std::string body;
  for (const Json& delta : deltas) {
    const Json choice = {{"index", 0}, {"delta", delta}};
    body += "data: " + to_text({{"choices", Json::array({choice})}}) + "\n\n";
  }
  return {.headers = {{"Content-Type", "text/event-stream"}}, .body = body + "data: [DONE]\n\n"};
}

HttpResponse execution(std::string_view output) {
  return {.body = to_text({{"properties",
                            {{"status", "Success"},
                             {"stdout", output},
                             {"stderr", ""},
                             {"executionResult", nullptr},
                             {"executionTimeInMilliseconds", 9}}}})};
}

// An app with a token for each call.
struct Agent {
  explicit Agent(const Replies& replies, const Settings& settings = kSettings) : app(settings) {
    for (const auto& reply : replies) {
      app.http.add_reply(reply);
      app.credential.add_outcome(azf::test::fake_token("planted-token", app.clock.system_now()));
    }
  }

  HttpResponse ask(const Json& body) const { return app.post("/api/agent", to_text(body)); }

  TestApp app;
};

struct Event {
  std::string type;
  Json data;
};

std::vector<Event> events_of(std::string_view body) {
  std::vector<Event> events;
  while (!body.empty()) {
    const auto end = body.find("\n\n");
    REQUIRE(end != std::string_view::npos);
    const auto event = body.substr(0, end);
    const auto line_end = event.find("\ndata: ");
    REQUIRE(line_end != std::string_view::npos);
    events.push_back({std::string(event.substr(7, line_end - 7)), azf::parse_json(event.substr(line_end + 7)).value()});
    body.remove_prefix(end + 2);
  }
  return events;
}

// A caller that goes after some events.
class LeavingCaller final : public azf::BodyReader, public azf::ResponseWriter {
 public:
  explicit LeavingCaller(int events) : events_(events) {}

  azf::Exchange streams() { return {*this, *this}; }

  azf::Result<std::size_t> read(std::span<char>) override { return std::size_t{0}; }
  azf::Result<azf::Success> begin(const HttpResponse& head, std::optional<std::uint64_t>) override {
    status_ = head.status;
    return azf::Success{};
  }
  azf::Result<azf::Success> write(std::string_view) override {
    if (events_ == 0) return Error{ErrorKind::kCancelled, "the peer has gone"};
    --events_;
    return azf::Success{};
  }
  void break_off() override { broken_off = true; }
  [[nodiscard]] int status() const override { return status_; }
  [[nodiscard]] bool abandoned() const override { return events_ == 0; }

  bool broken_off = false;

 private:
  int events_;
  int status_ = 0;
};

TEST_SUITE("functions/agent") {
  TEST_CASE("a question is answered with code that ran on the way") {
    Agent agent({asks_for("print(6*7)"), execution("42\n"), completion({{"content", "It is 42."}})});
    const auto response = agent.ask({{"question", "What is 6*7?"}});
    REQUIRE(response.status == 200);
    const Json body = json_body(response);
    CHECK(body.at("answer") == "It is 42.");
    CHECK(body.at("rounds") == 2);
    CHECK(body.at("usage") == Json{{"prompt_tokens", 4}, {"completion_tokens", 2}, {"total_tokens", 6}});
    CHECK(body.at("steps") == Json::array({{{"code", "print(6*7)"},
                                            {"status", "succeeded"},
                                            {"stdout", "42\n"},
                                            {"stderr", ""},
                                            {"result", nullptr},
                                            {"duration_ms", 9},
                                            {"truncated", false}}}));
    const auto requests = agent.app.http.requests();
    REQUIRE(requests.size() == 3);
    CHECK(requests[0].url.starts_with("https://a.openai.azure.com/openai/deployments/gpt/"));
    CHECK(requests[1].url.starts_with("https://eu.dynamicsessions.io/pools/p/code/execute?"));
  }

  TEST_CASE("a session goes on, and only for a handle that was issued") {
    Agent agent({asks_for("a=1"), execution(""), completion({{"content", "set"}}), asks_for("a"), execution("1"),
                 completion({{"content", "1"}})});
    const Json first = json_body(agent.ask({{"question", "set a"}}));
    const Json second = json_body(agent.ask({{"question", "a?"}, {"session", first.at("session")}}));
    CHECK(second.at("session") == first.at("session"));
    const auto requests = agent.app.http.requests();
    CHECK(requests.at(1).url == requests.at(4).url);

    const auto foreign = agent.ask({{"question", "a?"}, {"session", "made-up"}});
    CHECK(foreign.status == 404);
    CHECK(json_body(foreign).at("code") == "session_not_found");
  }

  TEST_CASE("steps are streamed while they are done, the session first") {
    Agent agent({events({{{"content", "Let me see. "}}, {{"tool_calls", Json::array({call("print(1)")})}}}),
                 execution("1\n"), events({{{"content", "It is "}}, {{"content", "1."}}})});
    const auto response = agent.ask({{"question", "q"}, {"stream", true}});
    CHECK(response.headers.get("Content-Type") == "text/event-stream; charset=utf-8");
    const auto sent = events_of(response.body);
    REQUIRE(sent.size() == 7);
    std::vector<std::string> types;
    for (const auto& event : sent) types.push_back(event.type);
    CHECK(types == std::vector<std::string>{"session", "text", "code", "output", "text", "text", "done"});
    CHECK(sent[0].data.at("session").is_string());
    CHECK_FALSE(sent[0].data.contains("demo"));
    CHECK(sent[2].data == Json{{"id", "step-1"}, {"code", "print(1)"}});
    CHECK(sent[3].data == Json{{"id", "step-1"},
                               {"status", "succeeded"},
                               {"stdout", "1\n"},
                               {"stderr", ""},
                               {"result", nullptr},
                               {"duration_ms", 9},
                               {"truncated", false}});
    CHECK(sent[6].data.at("answer") == "It is 1.");
    CHECK(sent[6].data.at("rounds") == 2);
  }

  TEST_CASE("what comes of a stand-in of either service says so") {
    for (const auto* setting : {"AZURE_OPENAI_ENDPOINT", "AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT"}) {
      Settings settings = with({{std::string("AZF_DEMO_") + setting, "https://127.0.0.1:1"}});
      settings.erase(setting);
      Agent whole({completion({{"content", "a"}})}, settings);
      CHECK(json_body(whole.ask({{"question", "q"}})).at("demo") == true);
      Agent streamed({events({{{"content", "a"}}})}, settings);
      const auto response = streamed.ask({{"question", "q"}, {"stream", true}});
      CHECK(response.headers.get("X-AZF-Demo") == "stand-in");
      CHECK(events_of(response.body).front().data.at("demo") == true);
      CHECK(events_of(response.body).back().data.at("demo") == true);
    }
  }

  TEST_CASE("every wrong field is named, all of them together") {
    const struct {
      Json body;
      std::vector<std::string> fields;
    } cases[] = {
        {Json::object(), {"question"}},
        {{{"question", ""}}, {"question"}},
        {{{"question", std::string(65'537, 'a')}}, {"question"}},
        {{{"question", 1}, {"session", 2}, {"stream", "yes"}}, {"question", "session", "stream"}},
    };
    for (const auto& [body, fields] : cases) {
      const Agent agent({});
      const auto response = agent.ask(body);
      CHECK(response.status == 400);
      const Json problem = json_body(response);
      std::vector<std::string> named;
      for (const auto& error : problem.at("errors")) named.push_back(error.at("field"));
      CHECK(named == fields);
    }
  }

  TEST_CASE("a missing or wrong setting is named") {
    Settings without_pool = kSettings;
    without_pool.erase("AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT");
    const std::pair<Settings, std::string_view> cases[] = {
        {{}, "AZURE_OPENAI_ENDPOINT"},
        {without_pool, "AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT"},
        {with({{"AZF_AGENT_MAX_ROUNDS", "many"}}), "AZF_AGENT_MAX_ROUNDS"},
    };
    for (const auto& [settings, name] : cases) {
      const Agent agent({}, settings);
      const auto response = agent.ask({{"question", "q"}});
      CHECK(response.status == 503);
      CHECK(json_body(response).at("code") == "not_configured");
      CHECK(json_body(response).at("detail").get<std::string>().find(name) != std::string::npos);
    }
  }

  TEST_CASE("a limit is told with what was done until then") {
    Agent agent({asks_for("1"), execution("1")}, with({{"AZF_AGENT_MAX_ROUNDS", "1"}}));
    const auto response = agent.ask({{"question", "q"}});
    CHECK(response.status == 422);
    const Json problem = json_body(response);
    CHECK(problem.at("code") == "agent_round_limit");
    CHECK(problem.at("rounds") == 1);
    CHECK(problem.at("steps").size() == 1);
    CHECK(problem.at("session").is_string());
  }

  TEST_CASE("a failure before the first event has a status, and one behind it an event") {
    HttpResponse busy{.status = 429, .headers = {{"Retry-After", "90"}}};
    Agent early({busy});
    const auto refused = early.ask({{"question", "q"}, {"stream", true}});
    CHECK(refused.status == 429);
    CHECK(refused.headers.get("Retry-After") == "90");

    Agent late({events({{{"tool_calls", Json::array({call("1")})}}}), HttpResponse{.status = 403}});
    const auto response = late.ask({{"question", "q"}, {"stream", true}});
    CHECK(response.status == 200);
    const auto sent = events_of(response.body);
    REQUIRE(sent.size() == 3);
    CHECK(sent[1].type == "code");
    CHECK(sent[2].type == "error");
    CHECK(sent[2].data.at("status") == 502);
    CHECK(sent[2].data.at("detail").get<std::string>().find("Azure ContainerApps Session Executor") !=
          std::string::npos);
  }

  TEST_CASE("a caller that goes ends the agent before more code is run") {
    Agent agent({events({{{"content", "Let me see."}}, {{"tool_calls", Json::array({call("1")})}}})});
    LeavingCaller caller(2);
    agent.app.send({.method = azf::Method::kPost,
                    .url = "/api/agent",
                    .headers = {{"Content-Type", "application/json"}},
                    .body = R"({"question":"q","stream":true})"},
                   caller.streams());
    CHECK(caller.broken_off);
    CHECK(agent.app.http.requests().size() == 1);
  }

  TEST_CASE("neither tokens nor the session's identifier are told or logged") {
    Agent agent({asks_for("1"), HttpResponse{.status = 500, .body = "planted-body"}});
    const auto response = agent.ask({{"question", "q"}});
    CHECK(response.status == 502);
    const auto seen = response.body + agent.app.log_sink.text();
    CHECK(seen.find("planted") == std::string::npos);
    const auto url = agent.app.http.requests().at(1).url;
    const auto at = url.find("identifier=");
    REQUIRE(at != std::string::npos);
    const auto identifier = url.substr(at + 11, 64);
    CHECK(seen.find(identifier) == std::string::npos);
  }
}

}  // namespace
