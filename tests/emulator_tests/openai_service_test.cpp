#include "emulator/services/openai_service.h"

#include "emulator_tests/service_fixture.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace azf::emulator {
namespace {

constexpr const char* kClassic = "/openai/deployments/demo/chat/completions?api-version=2024-10-21";

struct Fixture : ServiceFixture {
  OpenAiService service{issuer, clock, std::chrono::milliseconds(7)};
  const std::string good = token("https://cognitiveservices.azure.com");

  Reply chat(const Json& body, const std::string& target = kClassic) { return post(service, good, target, body); }
};

Json question(const std::string& text) { return {{"messages", Json::array({{{"role", "user"}, {"content", text}}})}}; }

Json with_tool(const std::string& text) {
  Json body = question(text);
  body["tools"] = Json::array(
      {{{"type", "function"}, {"function", {{"name", "python"}, {"parameters", {{"properties", {{"code", {}}}}}}}}}});
  return body;
}

Json streamed(Json body) {
  body["stream"] = true;
  return body;
}

// The chunks of a stream, without the mark of its end.
std::vector<Json> chunks_of(const Reply& reply) {
  std::vector<Json> chunks;
  for (const auto& piece : reply.pieces) {
    REQUIRE(piece.starts_with("data: "));
    REQUIRE(piece.ends_with("\n\n"));
    if (piece == "data: [DONE]\n\n") continue;
    auto json = parse_json(piece.substr(6));
    REQUIRE(json);
    chunks.push_back(*std::move(json));
  }
  return chunks;
}

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE_FIXTURE(Fixture, "completes a chat on both routes of Azure OpenAI") {
  Json body = question("Hello");
  const Json reply = json_of(chat(body));
  CHECK(reply["object"] == "chat.completion");
  CHECK(reply["choices"][0]["finish_reason"] == "stop");
  CHECK(reply["choices"][0]["message"]["role"] == "assistant");
  CHECK(reply["choices"][0]["message"]["content"].get<std::string>().starts_with("You said: Hello"));
  CHECK(reply["usage"]["total_tokens"] ==
        reply["usage"]["prompt_tokens"].get<int>() + reply["usage"]["completion_tokens"].get<int>());
  CHECK(reply["prompt_filter_results"][0]["prompt_index"] == 0);
  CHECK(error_code_of(chat(body, "/openai/v1/chat/completions")).empty());
  body["model"] = "demo";
  CHECK(chat(body, "/openai/v1/chat/completions").status == 200);
  CHECK(chat(body, "/openai/deployments/a%2Fb/chat/completions?api-version=2025-04-01-preview").status == 200);
}

TEST_CASE_FIXTURE(Fixture, "refuses chats as Azure OpenAI does") {
  struct Row {
    std::string target;
    std::string body;
    int status;
    std::string code;
  };
  const std::string hello = to_text(question("Hello"));
  const std::vector<Row> rows = {
      {"/openai/deployments/demo/chat/completions", hello, 404, "404"},
      {"/openai/deployments/demo/chat/completions?api-version=latest", hello, 404, "404"},
      {"/openai/deployments/demo/completions?api-version=2024-10-21", hello, 404, "404"},
      {"/openai/deployments/chat/completions?api-version=2024-10-21", hello, 404, "404"},
      {"/openai/deployments/missing/chat/completions?api-version=2024-10-21", hello, 404, "DeploymentNotFound"},
      {kClassic, "{", 400, ""},
      {kClassic, "{}", 400, ""},
      {kClassic, R"({"messages":[]})", 400, ""},
      {kClassic, R"({"messages":[{"role":"nobody","content":"x"}]})", 400, ""},
      {kClassic, R"({"messages":[{"role":"user"}]})", 400, ""},
      {kClassic, R"({"messages":[{"role":"user","content":5}]})", 400, ""},
      {kClassic, R"({"messages":[{"role":"tool","tool_call_id":"a","content":"x"}]})", 400, ""},
      {kClassic,
       R"({"messages":[{"role":"assistant","content":null,"tool_calls":[{"id":"a"}]},{"role":"user","content":"x"}]})",
       400, ""},
      {kClassic, R"({"messages":[{"role":"user","content":"x"}],"temperature":3})", 400, ""},
      {kClassic, R"({"messages":[{"role":"user","content":"x"}],"max_tokens":0})", 400, ""},
      {kClassic, R"({"messages":[{"role":"user","content":"x"}],"max_tokens":1,"max_completion_tokens":1})", 400, ""},
      {kClassic, R"({"messages":[{"role":"user","content":"x"}],"stream_options":{"include_usage":true}})", 400, ""},
      {kClassic, R"({"messages":[{"role":"user","content":"x"}],"tools":[]})", 400, ""},
      {kClassic, R"({"messages":[{"role":"user","content":"x"}],"tools":[{"type":"function"}]})", 400, ""},
      {kClassic, to_text(question("[stand-in:content-filter]")), 400, "content_filter"},
      {kClassic, to_text(question("[stand-in:context-length]")), 400, "context_length_exceeded"},
      {kClassic, to_text(question("[stand-in:quota]")), 429, "insufficient_quota"},
      {kClassic, to_text(question("[stand-in:throttle]")), 429, "429"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.target);
    CAPTURE(row.body);
    const Reply reply = ask(service, good, "POST", row.target, row.body, {{"Content-Type", "application/json"}});
    CHECK(reply.status == row.status);
    CHECK(error_code_of(reply) == row.code);
  }
  CHECK(ask(service, good, "GET", kClassic).status == 405);
  CHECK(ask(service, good, "POST", kClassic, hello, {{"Content-Type", "text/plain"}}).status == 400);
  CHECK(json_of(chat(question("[stand-in:content-filter]")))["error"]["innererror"]["code"] ==
        "ResponsibleAIPolicyViolation");
}

TEST_CASE_FIXTURE(Fixture, "takes no token of another service, and no key") {
  const Json body = question("Hello");
  CHECK(post(service, "", kClassic, body).status == 401);
  CHECK(post(service, token("https://vault.azure.net"), kClassic, body).status == 401);
  const Reply keyed =
      ask(service, good, "POST", kClassic, to_text(body), {{"Content-Type", "application/json"}, {"api-key", "x"}});
  CHECK(keyed.status == 403);
  CHECK(error_code_of(keyed) == "AuthenticationTypeDisabled");
}

TEST_CASE_FIXTURE(Fixture, "streams a text in chunks that add up to it") {
  Json body = streamed(question("Grüße, 世界"));
  body["stream_options"] = {{"include_usage", true}};
  const Reply reply = chat(body);
  CHECK(*find_header(reply.headers, "Content-Type") == "text/event-stream");
  CHECK(reply.pace.count() == 7);
  CHECK(reply.pieces.back() == "data: [DONE]\n\n");
  const auto chunks = chunks_of(reply);
  CHECK(chunks.front()["choices"].empty());
  CHECK(chunks.front().contains("prompt_filter_results"));
  CHECK(chunks[1]["choices"][0]["delta"]["role"] == "assistant");
  CHECK(chunks.back()["choices"].empty());
  CHECK(chunks.back()["usage"]["total_tokens"].get<int>() > 0);
  std::string text;
  std::string finish_reason;
  for (const auto& chunk : chunks) {
    if (chunk["choices"].empty()) continue;
    text += chunk["choices"][0]["delta"].value("content", "");
    if (chunk["choices"][0]["finish_reason"].is_string()) finish_reason = chunk["choices"][0]["finish_reason"];
  }
  CHECK(text.starts_with("You said: Grüße, 世界\n"));
  CHECK(finish_reason == "stop");
}

TEST_CASE_FIXTURE(Fixture, "streams the arguments of two tools side by side") {
  const auto chunks = chunks_of(chat(streamed(with_tool("[stand-in:two-tools]"))));
  std::vector<std::string> arguments(2);
  std::vector<std::string> ids(2);
  std::string order;
  for (const auto& chunk : chunks) {
    if (chunk["choices"].empty() || !chunk["choices"][0]["delta"].contains("tool_calls")) continue;
    const Json& call = chunk["choices"][0]["delta"]["tool_calls"][0];
    const auto index = call["index"].get<std::size_t>();
    ids[index] += call.value("id", "");
    arguments[index] += call["function"].value("arguments", "");
    order += std::to_string(index);
  }
  CHECK(order.starts_with("010101"));
  CHECK(arguments[0] == to_text(Json{{"code", "print('the first of two')"}}));
  CHECK(arguments[1] == to_text(Json{{"code", "print('the second of two')"}}));
  CHECK(ids[0].starts_with("call_"));
  CHECK(ids[0] != ids[1]);
}

TEST_CASE_FIXTURE(Fixture, "calls a tool, and answers with what it said") {
  Json body = with_tool("How much is 6 * 7?");
  const Json first = json_of(chat(body))["choices"][0];
  CHECK(first["finish_reason"] == "tool_calls");
  CHECK(first["message"]["content"].is_null());
  const Json& call = first["message"]["tool_calls"][0];
  CHECK(call["function"] == Json{{"name", "python"}, {"arguments", to_text(Json{{"code", "print(6 * 7)"}})}});
  body["messages"].push_back(first["message"]);
  CHECK(chat(body).status == 400);
  body["messages"].push_back({{"role", "tool"}, {"tool_call_id", call["id"]}, {"content", R"({"stdout":"42\n"})"}});
  const Json second = json_of(chat(body))["choices"][0];
  CHECK(second["finish_reason"] == "stop");
  CHECK(second["message"]["content"].get<std::string>().starts_with("The result is 42."));
}

TEST_CASE_FIXTURE(Fixture, "ends answers early and streams badly when it is told to") {
  Json body = question("A long question, to be repeated");
  body["max_tokens"] = 2;
  const Json choice = json_of(chat(body))["choices"][0];
  CHECK(choice["finish_reason"] == "length");
  CHECK(choice["message"]["content"] == "You said");
  CHECK(json_of(chat(question("[stand-in:length]")))["choices"][0]["finish_reason"] == "length");

  const auto last = [&](const char* word) { return chat(streamed(question(word))).pieces.back(); };
  CHECK(last("[stand-in:no-done]").find("\"finish_reason\":\"stop\"") != std::string::npos);
  CHECK(last("[stand-in:stream-error]").find("\"error\"") != std::string::npos);
  CHECK(chat(streamed(question("[stand-in:stream-filter]"))).pieces.end()[-2].find("content_filter") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "words scripted failures as Azure OpenAI does") {
  CHECK(error_code_of(service.failure(401)) == "401");
  CHECK(error_code_of(service.failure(403)) == "PermissionDenied");
  CHECK(*find_header(service.failure(429).headers, "Retry-After") == "1");
  CHECK(service.failure(503).status == 503);
}

TEST_SUITE_END();

}  // namespace azf::emulator
