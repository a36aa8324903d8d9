#include "functions/agent_loop.h"

#include "support/fake_clock.h"
#include "support/fake_transport.h"

#include <doctest/doctest.h>

#include <chrono>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace {

using azf::Deadline;
using azf::Error;
using azf::ErrorKind;
using azf::HttpResponse;
using azf::Json;
using azf::Result;
using azf::to_text;
using azf::azure::CallOptions;
using azf::azure::Execution;
using azf::azure::ServiceError;
using azf::azure::ServiceErrorKind;
using azf::functions::AgentError;
using azf::functions::AgentLimit;
using azf::functions::AgentLimits;
using azf::functions::AgentRun;
using azf::functions::load_agent_limits;
using azf::functions::run_agent;
using std::chrono::seconds;

using Outcome = Result<Execution, ServiceError>;

HttpResponse completion(const Json& message, std::string_view finish_reason = "stop") {
  const Json choice = {{"index", 0}, {"message", message}, {"finish_reason", finish_reason}};
  return {.body = to_text({{"choices", Json::array({choice})},
                           {"usage", {{"prompt_tokens", 10}, {"completion_tokens", 1}, {"total_tokens", 11}}}})};
}

HttpResponse answer(std::string_view text) { return completion({{"content", text}}); }

Json call(std::string_view id, std::string_view arguments, std::string_view name = "run_python") {
  return {{"id", id}, {"type", "function"}, {"function", {{"name", name}, {"arguments", arguments}}}};
}

HttpResponse calls(const std::vector<Json>& tool_calls) {
  return completion({{"content", nullptr}, {"tool_calls", tool_calls}}, "tool_calls");
}

HttpResponse run_code(std::string_view code) { return calls({call("call_1", to_text({{"code", code}}))}); }

// A model and a session that answer from lists; each answer takes a second.
struct Fixture {
  Fixture(const std::vector<HttpResponse>& replies, std::vector<Outcome> outcomes)
      : replies_(replies.begin(), replies.end()), outcomes_(outcomes.begin(), outcomes.end()) {}

  Result<AgentRun, AgentError> run(const AgentLimits& limits = {}, const CallOptions& options = {}) {
    return run_agent(
        {.model = client,
         .run_code = [this](std::string_view text, const CallOptions& given) { return run_once(text, given); },
         .clock = clock},
        "How old is the sea?", limits, options);
  }

  // What the model was told, the last time.
  [[nodiscard]] Json conversation() const {
    return azf::parse_json(http.requests().back().body).value().at("messages");
  }

  azf::test::FakeClock clock;
  std::vector<std::string> codes;
  std::vector<Deadline> deadlines;
  azf::test::FakeTransport http{[this](const azf::HttpRequest&) -> Result<HttpResponse> {
    clock.advance(seconds(1));
    if (replies_.empty()) return Error{ErrorKind::kTimeout, "too late"};
    auto reply = replies_.front();
    replies_.pop_front();
    return reply;
  }};
  azf::azure::ServiceConnection connection{http, azf::azure::chat_service()};
  azf::azure::ChatClient client{connection, {"https://a.openai.azure.com", "gpt", "2024-10-21"}, clock};

 private:
  Outcome run_once(std::string_view code, const CallOptions& options) {
    clock.advance(seconds(1));
    codes.emplace_back(code);
    deadlines.push_back(options.deadline);
    REQUIRE_FALSE(outcomes_.empty());
    auto outcome = outcomes_.front();
    outcomes_.pop_front();
    return outcome;
  }

  std::deque<HttpResponse> replies_;
  std::deque<Outcome> outcomes_;
};

AgentLimit limit_of(const Result<AgentRun, AgentError>& run) {
  REQUIRE_FALSE(run);
  REQUIRE(std::holds_alternative<AgentLimit>(run.error().reason));
  return std::get<AgentLimit>(run.error().reason);
}

ServiceError error_of(const Result<AgentRun, AgentError>& run) {
  REQUIRE_FALSE(run);
  REQUIRE(std::holds_alternative<ServiceError>(run.error().reason));
  return std::get<ServiceError>(run.error().reason);
}

TEST_SUITE("functions/agent_loop") {
  TEST_CASE("the model has code run until it can answer") {
    Fixture fixture({run_code("print(1)"), run_code("2"), answer("42")},
                    {Execution{.succeeded = true, .standard_output = "1\n"},
                     Execution{.succeeded = false, .standard_error = "NameError", .result = Json{{"a", 1}}}});
    const auto run = fixture.run();
    REQUIRE(run);
    CHECK(run->answer == "42");
    CHECK(run->rounds == 3);
    CHECK(run->usage == azf::azure::ChatUsage{30, 3, 33});
    REQUIRE(run->steps.size() == 2);
    CHECK(run->steps[1].id == "step-2");
    CHECK(run->steps[1].code == "2");
    CHECK(fixture.codes == std::vector<std::string>{"print(1)", "2"});
    const Json told = fixture.conversation();
    REQUIRE(told.size() == 6);
    CHECK(told[1] == Json{{"role", "user"}, {"content", "How old is the sea?"}});
    CHECK(told[2].at("tool_calls") == Json::array({call("call_1", R"x({"code":"print(1)"})x")}));
    CHECK(told[3] ==
          Json{{"role", "tool"}, {"tool_call_id", "call_1"}, {"content", R"({"status":"succeeded","stdout":"1\n"})"}});
    CHECK(told[5].at("content") == R"({"result":"{\"a\":1}","status":"failed","stderr":"NameError"})");
  }

  TEST_CASE("what is no proper call is an error that the model is told, and no code is run") {
    const struct {
      std::string_view arguments;
      std::string_view name;
      std::string_view expected;
    } cases[] = {
        {"{\"code\":", "run_python", "error: the arguments are not valid JSON at byte"},
        {"", "run_python", "error: the arguments are not valid JSON"},
        {"[1]", "run_python", "error: the arguments must be an object"},
        {"{}", "run_python", "error: member \"code\" is missing or empty"},
        {"{\"code\":[\"rm\"]}", "run_python", "error: member \"code\" must be a string"},
        {"{\"code\":\"x\"}", "run_shell", "error: there is no such tool"},
    };
    for (const auto& [arguments, name, expected] : cases) {
      CAPTURE(arguments);
      Fixture fixture({calls({call("call_1", arguments, name)}), answer("sorry")}, {});
      const auto run = fixture.run();
      REQUIRE(run);
      CHECK(run->steps.empty());
      CHECK(fixture.conversation().back().at("content").get<std::string>().starts_with(expected));
    }
  }

  TEST_CASE("several calls of one reply are all answered, and more than eight are not run") {
    std::vector<Json> many;
    for (int i = 0; i < 10; ++i) many.push_back(call("call_" + std::to_string(i), R"({"code":"1"})"));
    Fixture fixture({calls(many), answer("done")}, std::vector<Outcome>(8, Execution{.succeeded = true}));
    REQUIRE(fixture.run());
    CHECK(fixture.codes.size() == 8);
    const Json told = fixture.conversation();
    REQUIRE(told.size() == 13);
    CHECK(told[12].at("tool_call_id") == "call_9");
    CHECK(told[12].at("content") == "error: too many calls at once; make fewer");
  }

  TEST_CASE("long outputs are cut off, each for itself, and images are named instead of told") {
    Fixture fixture({run_code("1"), answer("done")},
                    {Execution{.succeeded = true,
                               .standard_output = std::string(1000, 'o'),
                               .standard_error = "short",
                               .result = Json{{"type", "image"}, {"base64_data", std::string(100, 'A')}}}});
    const auto run = fixture.run({.output_bytes = 300});
    REQUIRE(run);
    const auto told = azf::parse_json(fixture.conversation().back().at("content").get<std::string>()).value();
    CHECK(told == Json{{"status", "succeeded"},
                       {"stdout", std::string(100, 'o') + "\n[cut off: the first 100 of 1000 bytes]"},
                       {"stderr", "short"},
                       {"result", "[an image, which the user sees]"}});
    CHECK(run->steps[0].execution.standard_output.size() == 1000);
  }

  TEST_CASE("the limit of rounds ends an agent that finds no answer, and keeps its steps") {
    Fixture fixture({run_code("1"), run_code("2"), run_code("3")},
                    std::vector<Outcome>(2, Execution{.succeeded = true}));
    const auto run = fixture.run({.max_rounds = 2});
    CHECK(limit_of(run) == AgentLimit::kRounds);
    CHECK(run.error().so_far.steps.size() == 2);
    CHECK(run.error().so_far.rounds == 2);
  }

  TEST_CASE("the limit of time ends an agent, in the model's turn and in its own") {
    Fixture during_code({run_code("1"), run_code("2"), run_code("3"), run_code("4")},
                        std::vector<Outcome>(4, Execution{.succeeded = true}));
    CHECK(limit_of(during_code.run({.time = seconds(5)})) == AgentLimit::kTime);
    CHECK(during_code.codes.size() == 2);

    Fixture during_reply({}, {});
    CHECK(limit_of(during_reply.run({.time = seconds(1)})) == AgentLimit::kTime);

    Fixture pool({run_code("1")}, {ServiceError{.kind = ServiceErrorKind::kTimeout}});
    CHECK(limit_of(pool.run({.time = seconds(2)})) == AgentLimit::kTime);
  }

  TEST_CASE("the caller's deadline counts where it is sooner") {
    Fixture fixture({run_code("1"), answer("done")}, {Execution{.succeeded = true}});
    const auto deadline = Deadline::after(fixture.clock, seconds(7));
    REQUIRE(fixture.run({}, {.deadline = deadline}));
    CHECK(fixture.deadlines.at(0).instant() == deadline.instant());
    CHECK(fixture.http.options().at(0).deadline.instant() == deadline.instant());
  }

  TEST_CASE("the limit of all outputs together ends an agent") {
    Fixture fixture({run_code("1"), run_code("2")},
                    std::vector<Outcome>(2, Execution{.succeeded = true, .standard_output = std::string(80, 'o')}));
    CHECK(limit_of(fixture.run({.total_output_bytes = 150})) == AgentLimit::kOutput);
  }

  TEST_CASE("code that the pool has given up is told to the model, other failures end the agent") {
    Fixture endless({run_code("1"), answer("too slow")},
                    {ServiceError{.kind = ServiceErrorKind::kTimeout, .status = 504}});
    const auto run = endless.run();
    REQUIRE(run);
    CHECK(endless.conversation().back().at("content") == R"({"status":"failed","stderr":"the code ran for too long"})");
    CHECK_FALSE(run->steps.at(0).execution.succeeded);

    for (const auto kind :
         {ServiceErrorKind::kRateLimited, ServiceErrorKind::kForbidden, ServiceErrorKind::kCancelled}) {
      Fixture failing({run_code("1")}, {ServiceError{.kind = kind}});
      CHECK(error_of(failing.run()).kind == kind);
    }
  }

  TEST_CASE("a failure of the model ends the agent, and so does a reply without an answer") {
    Fixture refused({HttpResponse{.status = 403}}, {});
    CHECK(error_of(refused.run()).kind == ServiceErrorKind::kForbidden);
    Fixture silent({answer("")}, {});
    CHECK(error_of(silent.run()).code == "no_answer");
    Fixture filtered({completion({{"content", "I would"}}, "content_filter")}, {});
    CHECK(error_of(filtered.run()).kind == ServiceErrorKind::kContentFiltered);
  }

  TEST_CASE("each limit is told with the setting that raises it") {
    const std::tuple<AgentLimit, int, std::string_view, std::string_view> cases[] = {
        {AgentLimit::kRounds, 422, "agent_round_limit", "AZF_AGENT_MAX_ROUNDS"},
        {AgentLimit::kTime, 504, "agent_time_limit", "AZF_AGENT_TIME_SECONDS"},
        {AgentLimit::kOutput, 422, "agent_output_limit", "AZF_AGENT_TOTAL_OUTPUT_BYTES"},
    };
    for (const auto& [limit, status, code, setting] : cases) {
      const auto problem = to_problem(AgentError{limit, {}}, AgentLimits{});
      CHECK(problem.status == status);
      CHECK(problem.extensions.at("code") == code);
      CHECK(problem.detail.find(setting) != std::string::npos);
    }
    CHECK(to_problem(AgentError{ServiceError{.kind = ServiceErrorKind::kForbidden, .status = 403}, {}}, {}).status ==
          502);
  }

  TEST_CASE("settings change the limits, and all wrong ones are named") {
    using Settings = std::map<std::string, std::string, std::less<>>;
    CHECK(load_agent_limits(azf::Environment()).value() == AgentLimits{});
    CHECK(load_agent_limits(azf::Environment(Settings{{"AZF_AGENT_MAX_ROUNDS", "3"},
                                                      {"AZF_AGENT_TIME_SECONDS", "30"},
                                                      {"AZF_AGENT_OUTPUT_BYTES", "1000"},
                                                      {"AZF_AGENT_TOTAL_OUTPUT_BYTES", "2000"}}))
              .value() == AgentLimits{3, seconds(30), 1000, 2000});
    const auto limits = load_agent_limits(
        azf::Environment(Settings{{"AZF_AGENT_MAX_ROUNDS", "0"}, {"AZF_AGENT_TIME_SECONDS", "2 minutes"}}));
    REQUIRE_FALSE(limits);
    CHECK(limits.error().message ==
          "AZF_AGENT_MAX_ROUNDS must be a whole number between 1 and 50, got \"0\"\n"
          "AZF_AGENT_TIME_SECONDS must be a whole number of seconds between 1 and 3600, got \"2 minutes\"");
  }
}

}  // namespace
