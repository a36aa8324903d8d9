#include "core/base64.h"
#include "support/test_app.h"

#include <doctest/doctest.h>

#include <map>
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

const std::map<std::string, std::string> kSettings = {
    {"AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com"},
    {"AZURE_OPENAI_DEPLOYMENT", "gpt"},
    {"AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT", "https://eu.dynamicsessions.io/pools/p"}};

HttpResponse completion(const Json& message) {
  const Json choice = {{"index", 0}, {"message", message}, {"finish_reason", "stop"}};
  return {.body = to_text({{"choices", Json::array({choice})}})};
}

HttpResponse asks_for(std::string_view code) {
  const Json call = {{"id", "c"},
                     {"type", "function"},
                     {"function", {{"name", "run_python"}, {"arguments", to_text({{"code", code}})}}}};
  return completion({{"content", nullptr}, {"tool_calls", Json::array({call})}});
}

HttpResponse execution(std::string_view output) {
  return {.body = to_text({{"properties",
                            {{"status", "Success"},
                             {"stdout", output},
                             {"stderr", ""},
                             {"executionResult", 7},
                             {"executionTimeInMilliseconds", 9}}}})};
}

struct AgentJob {
  explicit AgentJob(const Replies& replies, const std::map<std::string, std::string>& settings = kSettings)
      : app(settings) {
    for (const auto& reply : replies) {
      app.http.add_reply(reply);
      app.credential.add_outcome(azf::test::fake_token("planted-token", app.clock.system_now()));
    }
  }

  // What the host does with a message.
  HttpResponse receive(const std::string& message, int tries = 1) const {
    const Json envelope = {{"Data", {{"message", azf::test::host_value(message)}}},
                           {"Metadata", {{"DequeueCount", std::to_string(tries)}}}};
    return app.post("/agent-job", to_text(envelope));
  }

  // The message on agent-results, as the host decodes it.
  Json result_of(const std::string& message, int tries = 1) const {
    const auto response = receive(message, tries);
    REQUIRE_MESSAGE(response.status == 200, response.body);
    const auto output = json_body(response).at("Outputs").at("output").get<std::string>();
    const auto decoded = azf::from_base64(output);
    CHECK(output.size() <= std::size_t{64} << 10);
    return azf::parse_json(decoded.value_or(output)).value();
  }

  TestApp app;
};

constexpr auto kMessage = R"({"id":"job-1","question":"What is 6*7?"})";

TEST_SUITE("functions/agent_job") {
  TEST_CASE("a question from the queue is answered on the other queue") {
    const AgentJob job({asks_for("6*7"), execution("42"), completion({{"content", "It is 42."}})});
    const Json result = job.result_of(kMessage);
    CHECK(result.at("id") == "job-1");
    CHECK(result.at("answer") == "It is 42.");
    CHECK(result.at("session").is_string());
    CHECK(result.at("steps") == Json::array({{{"code", "6*7"},
                                              {"status", "succeeded"},
                                              {"stdout", "42"},
                                              {"stderr", ""},
                                              {"result", 7},
                                              {"duration_ms", 9},
                                              {"truncated", false}}}));
  }

  TEST_CASE("a session of an earlier result goes on") {
    const AgentJob job({completion({{"content", "a"}}), completion({{"content", "b"}})});
    const Json first = job.result_of(kMessage);
    const Json second = job.result_of(to_text({{"id", "job-2"}, {"question", "q"}, {"session", first.at("session")}}));
    CHECK(second.at("session") == first.at("session"));
  }

  TEST_CASE("a message that can never be answered gets an error, and does not come again") {
    const struct {
      std::string_view message;
      Json id;
    } cases[] = {
        {"no JSON", nullptr},
        {"[]", nullptr},
        {R"({"id":"x"})", "x"},
        {R"({"id":7,"question":"q"})", nullptr},
        {R"({"id":"x","question":""})", "x"},
        {R"({"id":"x","question":"q","session":1})", "x"},
        {R"({"id":"x","question":"q","session":"made-up"})", "x"},
    };
    for (const auto& [message, id] : cases) {
      CAPTURE(message);
      const AgentJob job({});
      const Json result = job.result_of(std::string(message));
      CHECK(result.at("id") == id);
      CHECK_FALSE(result.contains("answer"));
      CHECK(result.at("error").at("status").is_number());
    }
  }

  TEST_CASE("without settings the error names the setting") {
    const AgentJob job({}, {});
    CHECK(job.result_of(kMessage).at("error").at("detail").get<std::string>().starts_with("AZURE_OPENAI_ENDPOINT"));
  }

  TEST_CASE("a service in trouble makes the message come again, but not for the last time, and not after code ran") {
    const HttpResponse busy{.status = 429, .headers = {{"Retry-After", "90"}}};
    CHECK(AgentJob({busy}).receive(kMessage).status == 500);
    CHECK(AgentJob({busy}).result_of(kMessage, 5).at("error").at("status") == 429);
    const Json ran = AgentJob({asks_for("1"), execution("1"), busy}).result_of(kMessage);
    CHECK(ran.at("error").at("status") == 429);
    CHECK(ran.at("steps").size() == 1);
    CHECK(AgentJob({HttpResponse{.status = 403}}).result_of(kMessage).at("error").at("status") == 502);
  }

  TEST_CASE(
      "S-12: a message whose code may have run without an answer does not come again; one whose code did not, does") {
    using azf::Repetition;
    const struct {
      std::string name;
      Replies replies;
      bool comes_again;
    } rows[] = {
        {"broke off", {Error{ErrorKind::kTransport, "reset"}}, false},
        {"no end in time, and then a busy model", {HttpResponse{.status = 504}, HttpResponse{.status = 403}}, false},
        {"a failure", {HttpResponse{.status = 500}}, false},
        {"taken for down", {Error{ErrorKind::kTransport, "not sent", Repetition::kInVain}}, true},
        {"no connection", Replies(4, Error{ErrorKind::kTransport, "refused", Repetition::kSafe}), true},
        {"busy", {HttpResponse{.status = 429, .headers = {{"Retry-After", "90"}}}}, true},
        {"away", {HttpResponse{.status = 503, .headers = {{"Retry-After", "90"}}}}, true},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      Replies replies = {asks_for("1")};
      replies.insert(replies.end(), row.replies.begin(), row.replies.end());
      const AgentJob job(replies);
      CHECK(job.receive(kMessage).status == (row.comes_again ? 500 : 200));
    }
  }

  TEST_CASE("a result that is too large for the queue is made to fit") {
    const std::string much(100'000, 'o');
    const Json steps = AgentJob({asks_for("1"), execution(much), completion({{"content", "a"}})}).result_of(kMessage);
    CHECK(steps.at("steps") ==
          Json::array({{{"code", "1"}, {"status", "succeeded"}, {"duration_ms", 9}, {"truncated", true}}}));
    const Json answer = AgentJob({completion({{"content", much}})}).result_of(kMessage);
    CHECK(answer.at("answer").get<std::string>().ends_with("of 100000 bytes]"));
  }

  TEST_CASE("what comes of a stand-in says so") {
    const AgentJob job({completion({{"content", "a"}})},
                       {{"AZF_DEMO_AZURE_OPENAI_ENDPOINT", "https://127.0.0.1:1"},
                        {"AZF_DEMO_AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT", "https://127.0.0.1:2"}});
    CHECK(job.result_of(kMessage).at("demo") == true);
  }
}

}  // namespace
