#include "emulator/host/invocation_result.h"

#include "emulator_tests/app_folder.h"

#include <doctest/doctest.h>

#include <tuple>
#include <vector>

namespace azf::emulator {
namespace {

FunctionDefinition function_of(const Json& bindings) {
  AppFolder folder;
  folder.add_function("work", bindings);
  return folder.load().functions.at(0);
}

Reply json(std::string body, std::string type = "application/json") {
  return text_reply(200, std::move(body), std::move(type));
}

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE("judges replies to an envelope row by row") {
  enum Outcome { kProcessed, kFails, kHangs };
  const std::vector<std::tuple<const char*, Reply, Outcome>> rows = {
      {"empty object", json("{}"), kProcessed},
      {"text/json with charset", json("{}", "text/json; charset=UTF-8"), kProcessed},
      {"201", Reply{201, "", {{"Content-Type", "application/json"}}, "{}"}, kProcessed},
      {"500", Reply{500, "", {{"Content-Type", "application/json"}}, "{}"}, kFails},
      {"404", Reply{404, "", {}, ""}, kFails},
      {"302 that was not followed", Reply{302, "", {}, ""}, kFails},
      {"no content type", Reply{200, "", {}, "{}"}, kFails},
      {"text/plain", json("{}", "text/plain"), kFails},
      {"latin-1", json("{}", "application/json; charset=iso-8859-1"), kFails},
      {"no JSON", json("hello"), kFails},
      {"array", json("[]"), kFails},
      {"Outputs is a text", json(R"({"Outputs":"x"})"), kFails},
      {"Logs is a text", json(R"({"Logs":"x"})"), kFails},
      {"Logs has an object", json(R"({"Logs":[{}]})"), kFails},
      {"too deep", json(std::string(300, '[') + std::string(300, ']')), kFails},
      {"204", Reply{204, "", {}, ""}, kHangs},
      {"empty body", json(""), kHangs},
      {"null", json("null"), kHangs},
  };
  const auto function = function_of(Json::array({queue_trigger("in")}));
  for (const auto& row : rows) {
    CAPTURE(std::get<0>(row));
    const auto& [name, reply, outcome] = row;
    const auto result = parse_invocation_reply(reply, function);
    CHECK(result.has_value() == (outcome != kFails));
    if (result) CHECK(result->hangs == (outcome == kHangs));
  }
  CHECK(parse_invocation_reply(Reply{500, "Oops", {}, ""}, function).error().message ==
        "Response status code does not indicate success: 500 (Oops).");
}

TEST_CASE("reads members without letter case and coerces numbers in logs") {
  const auto function = function_of(Json::array({queue_trigger("in"), queue_out("out", "q")}));
  const auto result = parse_invocation_reply(json(R"({"outputs":{"out":1},"LOGS":["a",2,null],"x":3})"), function);
  REQUIRE(result);
  CHECK(result->logs == std::vector<std::string>{"a", "2", ""});
  CHECK(result->outputs == Json{{"out", 1}});
}

TEST_CASE("merges a returned object into the outputs unless a binding takes it") {
  const std::string body = R"({"Outputs":{"a":1},"ReturnValue":{"out":"x"}})";
  const auto plain = function_of(Json::array({queue_trigger("in"), queue_out("out", "q")}));
  CHECK(parse_invocation_reply(json(body), plain)->outputs == Json{{"a", 1}, {"out", "x"}});
  const auto returning = function_of(Json::array({queue_trigger("in"), queue_out("$return", "q")}));
  const auto result = parse_invocation_reply(json(body), returning);
  CHECK(result->outputs == Json{{"a", 1}});
  CHECK(collected_output(*result, *returning.find_output("queue")) ==
        std::vector<std::string>{"{\n  \"out\": \"x\"\n}"});
}

TEST_CASE("makes the caller's reply from a named http output") {
  const std::string text = "text/plain; charset=utf-8";
  const std::vector<std::tuple<const char*, std::string, std::optional<Reply>>> rows = {
      {"all members", R"({"statusCode":201,"headers":{"X-A":"1","X-N":5},"body":"hi"})",
       Reply{201, "", {{"X-A", "1"}, {"X-N", "5"}, {"Content-Type", text}}, "hi"}},
      {"status as text", R"({"statusCode":"404","body":""})", Reply{404, "", {{"Content-Type", text}}, ""}},
      {"status is ignored", R"({"status":404})", Reply{200, "", {}, ""}},
      {"bad status", R"({"statusCode":true})", Reply{200, "", {}, ""}},
      {"object body", R"({"body":{"a":[1]}})",
       Reply{200, "", {{"Content-Type", text}}, "{\n  \"a\": [\n    1\n  ]\n}"}},
      {"own type", R"({"headers":{"content-type":"application/json"},"body":"{}"})",
       Reply{200, "", {{"content-type", "application/json"}}, "{}"}},
      {"number", R"({"body":5})", Reply{200, "", {{"Content-Type", text}}, "5"}},
      {"bool", R"({"body":true})", Reply{200, "", {{"Content-Type", text}}, "True"}},
      {"text that is Base64", R"({"body":"aGVsbG8="})", Reply{200, "", {{"Content-Type", text}}, "aGVsbG8="}},
      {"members without letter case", R"({"StatusCode":202,"BODY":"x"})",
       Reply{202, "", {{"Content-Type", text}}, "x"}},
      {"text of an object", R"("{\"statusCode\":203}")", Reply{203, "", {}, ""}},
      {"header array", R"({"headers":{"X":["a","b"]}})", Reply{200, "", {{"X", R"(["a","b"])"}}, ""}},
      {"header of two lines", R"({"headers":{"X":"a\r\nY: b"}})", std::nullopt},
      {"header without name", R"({"headers":{"":"a"}})", std::nullopt},
      {"header null", R"({"headers":{"X":null}})", std::nullopt},
      {"plain text", R"("hello")", std::nullopt},
      {"null", "null", std::nullopt},
      {"number itself", "5", std::nullopt},
  };
  const auto function = function_of(http_bindings("x"));
  for (const auto& row : rows) {
    CAPTURE(std::get<0>(row));
    const auto& [name, value, expected] = row;
    const auto result = parse_invocation_reply(json(R"({"Outputs":{"res":)" + value + "}}"), function);
    REQUIRE(result);
    const auto reply = http_output(*result, function);
    REQUIRE(reply.has_value() == expected.has_value());
    if (expected) CHECK(*reply == *expected);
  }
}

TEST_CASE("answers for an http output that the handler left out") {
  const auto function = function_of(http_bindings("x"));
  CHECK(http_output(*parse_invocation_reply(json(R"({"Outputs":{"Res":{}}})"), function), function)->body == "{}");
  CHECK(http_output(*parse_invocation_reply(json("{}"), function), function)->status == 204);
}

TEST_CASE("makes the caller's reply from a returned value") {
  const auto function = function_of(Json::array({http_trigger("x"), http_out("$return")}));
  const auto returned = [&](const std::string& value) {
    return *http_output(*parse_invocation_reply(json(R"({"ReturnValue":)" + value + "}"), function), function);
  };
  CHECK(returned(R"({"status":404,"body":{"a":1}})").status == 404);
  CHECK(returned(R"({"status":404,"body":{"a":1}})").body == R"({"a":1})");
  CHECK(returned(R"({"a":1})").body == "{\n  \"a\": 1\n}");
  CHECK(returned(R"("aGVsbG8=")") == Reply{200, "", {}, "hello"});
  CHECK(returned(R"("hello")").body == "hello");
  CHECK(returned("null").status == 204);
}

TEST_CASE("turns an output value into messages") {
  using Messages = std::vector<std::string>;
  const std::vector<std::tuple<const char*, std::string, Messages>> rows = {
      {"text", R"("hello")", {"hello"}},
      {"text that decodes is mangled", R"("test")", {"\xb5\xeb\x2d"}},
      {"empty text decodes to nothing", R"("")", {""}},
      {"Base64", R"("aGVsbG8=")", {"hello"}},
      {"array", R"(["a","test",{"b":1},2])", {"a", "test", "{\n  \"b\": 1\n}", "2"}},
      {"text of an array becomes several", R"("[\"a\",\"b\"]")", {"a", "b"}},
      {"text of an object is written anew", R"("{\"a\":1}")", {"{\n  \"a\": 1\n}"}},
      {"text that only looks like one", R"("{a}")", {"{a}"}},
      {"object", R"({"a":1})", {"{\n  \"a\": 1\n}"}},
      {"number", "5", {"5"}},
      {"bool", "true", {"True"}},
      {"date is mangled", R"("2024-05-01T10:00:00Z")", {"05/01/2024 10:00:00"}},
      {"null", "null", {}},
  };
  const auto function = function_of(Json::array({queue_trigger("in"), queue_out("out", "q")}));
  for (const auto& row : rows) {
    CAPTURE(std::get<0>(row));
    const auto& [name, value, expected] = row;
    const auto result = parse_invocation_reply(json(R"({"Outputs":{"out":)" + value + "}}"), function);
    REQUIRE(result);
    CHECK(collected_output(*result, *function.find_output("queue")) == expected);
  }
  CHECK(collected_output(*parse_invocation_reply(json(R"({"Outputs":{"Out":"x"}})"), function),
                         *function.find_output("queue"))
            .empty());
}

TEST_CASE("passes the text of a binary output on undecoded") {
  Json output = queue_out("out", "q");
  output["dataType"] = "binary";
  const auto function = function_of(Json::array({queue_trigger("in"), output}));
  const auto result = parse_invocation_reply(json(R"({"Outputs":{"out":"aGVsbG8="}})"), function);
  CHECK(collected_output(*result, *function.find_output("queue")) == std::vector<std::string>{"aGVsbG8="});
}

TEST_SUITE_END();

}  // namespace azf::emulator
