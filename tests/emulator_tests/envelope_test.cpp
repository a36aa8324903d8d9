#include "emulator/host/envelope.h"

#include "core/time_text.h"
#include "emulator_tests/app_folder.h"

#include <doctest/doctest.h>

namespace azf::emulator {
namespace {

const SystemTime kNow = *parse_rfc3339("2026-01-02T03:04:05Z");

FunctionDefinition function_of(const Json& bindings) {
  AppFolder folder;
  folder.add_function("work", bindings);
  return folder.load().functions.at(0);
}

Request post(std::string target, std::string type, std::string body) {
  const std::string length = std::to_string(body.size());
  return {"POST",
          std::move(target),
          {{"Host", "app.example"}, {"Content-Type", std::move(type)}, {"Content-Length", length}},
          std::move(body)};
}

Json http_data(const Request& request, const RouteValues& values = {}) {
  return http_envelope(function_of(http_bindings("x")), request, values, Caller::kDeveloper, kNow)["Data"]["req"];
}

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE("puts a queue message into an envelope") {
  const auto function = function_of(Json::array({queue_trigger("in"), queue_out("out", "out")}));
  const QueueMessage message{"id-1",    "aaaaa", kNow, kNow + std::chrono::days(7), kNow + std::chrono::minutes(10),
                             "receipt", 2};
  Json envelope = queue_envelope(function, message, kNow);
  CHECK(envelope["Data"] == Json{{"message", "\"aaaaa\""}});
  const Json sys = envelope["Metadata"]["sys"];
  CHECK(sys["MethodName"] == "work");
  CHECK(sys["UtcNow"] == "2026-01-02T03:04:05.0000000Z");
  CHECK(sys["RandGuid"].get<std::string>().size() == 36);
  envelope["Metadata"].erase("sys");
  CHECK(envelope["Metadata"] == Json{{"DequeueCount", "2"},
                                     {"ExpirationTime", "2026-01-09T03:04:05+00:00"},
                                     {"Id", "\"id-1\""},
                                     {"InsertionTime", "2026-01-02T03:04:05+00:00"},
                                     {"NextVisibleTime", "2026-01-02T03:14:05+00:00"},
                                     {"PopReceipt", "\"receipt\""}});
}

TEST_CASE("lets a JSON message overwrite metadata, as the host does") {
  const auto function = function_of(Json::array({queue_trigger("in")}));
  QueueMessage message;
  message.id = "real";
  message.body = R"({"id":"forged","n":1})";
  const Json envelope = queue_envelope(function, message, kNow);
  CHECK(envelope["Data"]["message"] == R"("{\"id\":\"forged\",\"n\":1}")");
  CHECK(envelope["Metadata"]["Id"] == "\"forged\"");
  CHECK(envelope["Metadata"]["n"] == "1");
}

TEST_CASE("encodes a binary trigger as Base64 and a missing input as the text of null") {
  Json trigger = queue_trigger("in");
  trigger["dataType"] = "binary";
  const Json blob = {{"type", "blob"}, {"direction", "in"}, {"name", "file"}, {"path", "a/b"}};
  QueueMessage message;
  message.body = "hello";
  const Json envelope = queue_envelope(function_of(Json::array({trigger, blob})), message, kNow);
  CHECK(envelope["Data"] == Json{{"message", "aGVsbG8="}, {"file", "null"}});
}

TEST_CASE("embeds a timer as an object") {
  const auto function = function_of(
      Json::array({{{"type", "timerTrigger"}, {"direction", "in"}, {"name", "timer"}, {"schedule", "0 */5 * * * *"}}}));
  const TimerStatus status{std::nullopt, kNow + std::chrono::minutes(5), kNow};
  CHECK(timer_envelope(function, {true, status, false}, kNow)["Data"] ==
        Json{{"timer",
              {{"Schedule", {{"AdjustForDST", true}}},
               {"ScheduleStatus",
                {{"Last", "0001-01-01T00:00:00"},
                 {"Next", "2026-01-02T03:09:05+00:00"},
                 {"LastUpdated", "2026-01-02T03:04:05+00:00"}}},
               {"IsPastDue", false}}}});
  CHECK(timer_envelope(function, {false, std::nullopt, true}, kNow)["Data"]["timer"] ==
        Json{{"Schedule", {{"AdjustForDST", false}}}, {"ScheduleStatus", nullptr}, {"IsPastDue", true}});
}

TEST_CASE("describes an HTTP request") {
  Request request = post("/api/x/7?a=1&A=2&code=KEY", "application/json", R"({"name":"Ada","list":[1]})");
  request.headers.push_back({"X-Two", "1"});
  request.headers.push_back({"x-two", "2"});
  const Json envelope = http_envelope(function_of(http_bindings("x/{id}/{opt?}")), request,
                                      {{"id", "7"}, {"opt", std::nullopt}}, Caller::kDeveloper, kNow);
  const Json& data = envelope["Data"]["req"];
  CHECK(data["Url"] == "http://app.example/api/x/7?a=1&A=2&code=KEY");
  CHECK(data["Method"] == "POST");
  CHECK(data["Query"] == Json{{"a", "1,2"}, {"code", "KEY"}});
  CHECK(data["Headers"]["X-Two"] == Json{"1", "2"});
  CHECK(data["Headers"]["Host"] == Json::array({"app.example"}));
  CHECK(data["Params"] == Json{{"id", "7"}, {"opt", nullptr}});
  CHECK(data["Body"] == R"({"name":"Ada","list":[1]})");
  CHECK(data["Identities"][0]["Claims"][0]["Value"] == "Admin");
  const Json& metadata = envelope["Metadata"];
  CHECK(metadata["Query"] == Json{{"a", "2"}, {"code", "KEY"}});
  CHECK(metadata["Headers"]["X-Two"] == "1,2");
  CHECK(metadata["a"] == "\"2\"");
  CHECK(metadata["id"] == "\"7\"");
  CHECK(metadata["name"] == "\"Ada\"");
  CHECK_FALSE(metadata.contains("code"));
  CHECK_FALSE(metadata.contains("opt"));
  CHECK_FALSE(metadata.contains("list"));
}

TEST_CASE("lets a route value win over the query and the query over the body") {
  const Request request = post("/api/x?id=query&name=query", "application/json", R"({"id":"body","name":"body"})");
  const Json envelope =
      http_envelope(function_of(http_bindings("x")), request, {{"id", "route"}}, Caller::kAnonymous, kNow);
  CHECK(envelope["Metadata"]["id"] == "\"route\"");
  CHECK(envelope["Metadata"]["name"] == "\"query\"");
  CHECK(envelope["Data"]["req"]["Identities"][0]["IsAuthenticated"] == false);
}

TEST_CASE("decodes no body but shows bytes of two media types as Base64") {
  CHECK(http_data(post("/", "application/octet-stream", "hello"))["Body"] == "aGVsbG8=");
  CHECK(http_data(post("/", "multipart/form-data; boundary=x", "hello"))["Body"] == "aGVsbG8=");
  CHECK(http_data(post("/", "text/plain", "hello"))["Body"] == "hello");
  CHECK_FALSE(http_data(post("/", "text/plain", "")).contains("Body"));
  Request chunked = post("/", "text/plain", "hello");
  remove_header(chunked.headers, "Content-Length");
  CHECK_FALSE(http_data(chunked).contains("Body"));
}

TEST_SUITE_END();

}  // namespace azf::emulator
