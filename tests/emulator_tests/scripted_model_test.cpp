#include "emulator/services/scripted_model.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

Json code_tool() {
  return Json::array(
      {{{"type", "function"},
        {"function", {{"name", "python"}, {"parameters", {{"properties", {{"code", {{"type", "string"}}}}}}}}}}});
}

Json asked(const std::string& question) {
  return {{"messages", Json::array({{{"role", "user"}, {"content", question}}})}, {"tools", code_tool()}};
}

Json answered(const std::string& content) {
  Json body = asked("1 + 1");
  body["messages"].push_back({{"role", "assistant"}, {"tool_calls", Json::array()}});
  body["messages"].push_back({{"role", "tool"}, {"content", content}});
  return body;
}

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE("finds the code that answers a question") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"What is the sum of all primes below 1,000?",
       "print(sum(n for n in range(2, 1000) if all(n % d for d in range(2, int(n ** 0.5) + 1))))"},
      {"How many primes are there up to 1,000?",
       "print(sum(all(n % d for d in range(2, int(n ** 0.5) + 1)) for n in range(2, 1000 + 1)))"},
      {"What is the sum of the numbers 1 to 100?", "print(sum(range(1, 100 + 1)))"},
      {"sum of 3..5", "print(sum(range(3, 5 + 1)))"},
      {"What is the sum of 3 and 10?", "print(3 + 10)"},
      {"the 30th Fibonacci number?", "a, b = 0, 1\nfor _ in range(30):\n    a, b = b, a + b\nprint(a)"},
      {"fibonacci number 7", "a, b = 0, 1\nfor _ in range(7):\n    a, b = b, a + b\nprint(a)"},
      {"factorial of 20", "import math\nprint(math.factorial(20))"},
      {"Days between 2024-01-01 and 2024-12-31?",
       "from datetime import date\n"
       "print(abs((date.fromisoformat('2024-12-31') - date.fromisoformat('2024-01-01')).days))"},
      {"Which files are there?", "import os\nprint('\\n'.join(sorted(os.listdir('.'))) or 'no files')"},
      {"What is 12 * (3 + 4)?", "print(12 * (3 + 4))"},
      {"2^10", "print(2**10)"},
      {"1,234 + 1", "print(1234 + 1)"},
      {"Run this:\n```python\nx = 1\nprint(x)\n```\nplease", "x = 1\nprint(x)\n"},
      {"Hello there", ""},
      {"in 2024 I was 12", ""},
  };
  for (const auto& row : rows) {
    CAPTURE(row.first);
    const auto& [question, code] = row;
    CHECK(python_for(question) == code);
  }
}

TEST_CASE("calls the tool that takes code, with code") {
  const ModelTurn turn = next_turn(asked("What is 6 * 7?"));
  REQUIRE(turn.calls.size() == 1);
  CHECK(turn.text.empty());
  CHECK(turn.calls[0].id.starts_with("call_"));
  CHECK(turn.calls[0].function == "python");
  CHECK(turn.calls[0].arguments == to_text(Json{{"code", "print(6 * 7)"}}));
  const ModelTurn other = next_turn(asked("Count the \"words\""));
  REQUIRE(other.calls.size() == 1);
  CHECK(other.calls[0].arguments == to_text(Json{{"code", "print('The question was:', \"Count the \\\"words\\\"\")"}}));
}

TEST_CASE("answers without a tool where there is none, none is wanted, or none is needed") {
  Json without = asked("6 * 7");
  without.erase("tools");
  Json forbidden = asked("6 * 7");
  forbidden["tool_choice"] = "none";
  for (const Json& body : {without, forbidden, asked("Good morning")}) {
    const ModelTurn turn = next_turn(body);
    CHECK(turn.calls.empty());
    CHECK(turn.text.starts_with("You said: "));
    CHECK(turn.text.find("stand-in") != std::string::npos);
  }
  Json required = asked("Good morning");
  required["tool_choice"] = "required";
  CHECK(next_turn(required).calls.size() == 1);
}

TEST_CASE("tells what the tool found") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {R"({"status":"succeeded","stdout":"42\n","result":null})", "The result is 42."},
      {R"({"status":"succeeded","stdout":"","result":42})", "The result is 42."},
      {R"({"status":"succeeded","stdout":"","result":"x"})", "The result is x."},
      {R"({"status":"succeeded","stdout":""})", "The code ran and printed nothing."},
      {R"({"status":"failed","stderr":"Traceback\nZeroDivisionError: division by zero\n"})",
       "The code failed: ZeroDivisionError: division by zero."},
      {"plain text", "The tool said: plain text."},
  };
  for (const auto& row : rows) {
    CAPTURE(row.first);
    const auto& [content, text] = row;
    const ModelTurn turn = next_turn(answered(content));
    CHECK(turn.calls.empty());
    CHECK(turn.text.starts_with(text + "\n"));
  }
}

TEST_CASE("misbehaves when it is told to") {
  Json loop = asked("[stand-in:tool-loop]");
  loop["messages"].push_back({{"role", "tool"}, {"content", "x"}});
  CHECK(next_turn(loop).calls.size() == 1);
  const ModelTurn two = next_turn(asked("[stand-in:two-tools]"));
  REQUIRE(two.calls.size() == 2);
  CHECK(two.calls[0].id != two.calls[1].id);
  CHECK_FALSE(parse_json(next_turn(asked("[stand-in:bad-arguments]")).calls.at(0).arguments));
}

TEST_SUITE_END();

}  // namespace azf::emulator
