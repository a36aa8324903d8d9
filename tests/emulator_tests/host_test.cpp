#include "emulator_tests/app_folder.h"
#include "emulator_tests/running_host.h"

#include <doctest/doctest.h>

#include <string>

namespace azf::emulator {
namespace {

AppFolder app() {
  AppFolder folder;
  folder.add_function("seen", http_bindings("seen"));
  return folder;
}

Json parsed(const std::string& text) {
  auto json = parse_json(text);
  REQUIRE(json);
  return std::move(*json);
}

Json pairs(const Headers& headers) {
  Json list = Json::array();
  for (const auto& field : headers) list.push_back(Json::array({field.name, field.value}));
  return list;
}

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE("forwards a request and its reply over real sockets") {
  AppFolder folder = app();
  folder.add_function("work", http_bindings("work/{id}"));
  folder.reply("/api/work/7", {{"status", 302},
                               {"headers", pairs({{"Location", "/x"}, {"Set-Cookie", "a=1"}, {"Set-Cookie", "b=2"}})},
                               {"body", "moved"}});
  RunningHost host(folder.load());
  const Reply reply = host.send({"PUT",
                                 "/api/work/7?a=1&a=2",
                                 {{"Host", "app.example"}, {"User-Agent", "test/1"}, {"Content-Length", "2"}},
                                 "hi"});
  CHECK(reply.status == 302);
  CHECK(reply.body == "moved");
  CHECK(header_values(reply.headers, "Set-Cookie") == std::vector<std::string>{"a=1", "b=2"});
  CHECK(header_values(reply.headers, "Content-Length") == std::vector<std::string>{"5"});
  CHECK(find_header(reply.headers, "Date") != nullptr);

  const Json seen = host.seen(1)[0];
  CHECK(seen["method"] == "PUT");
  CHECK(seen["target"] == "/api/work/7?a=1,2");
  CHECK(seen["body"] == "hi");
  const Json& headers = seen["headers"];
  REQUIRE(headers.size() == 5);
  CHECK(headers[0] == Json{"Host", "app.example"});
  CHECK(headers[1] == Json{"User-Agent", "test/1 Azure-Functions-Host/4.1037.0.0"});
  CHECK(headers[2] == Json{"X-Azure-Functions-HostVersion", "4.1037.0.0"});
  CHECK(headers[3][0] == "X-Azure-Functions-InvocationId");
  CHECK(headers[3][1].get<std::string>().size() == 36);
  CHECK(headers[4] == Json{"Content-Length", "2"});
}

TEST_CASE("answers 500 without a body where the handler is not asked or does not answer") {
  AppFolder folder = app();
  folder.add_function("work", http_bindings("work"));
  folder.add_function("broken", http_bindings("broken"));
  folder.reply("/api/broken", {{"drop", true}});
  RunningHost host(folder.load());
  const Reply chunked =
      host.send({"POST", "/api/work", {{"Host", "h"}, {"Transfer-Encoding", "chunked"}}, "some body"});
  CHECK(chunked.status == 500);
  CHECK(chunked.body.empty());
  CHECK(host.post("/api/broken", "some body").status == 500);
  CHECK(host.seen(1).size() == 1);
  // Without a body, .NET tries once more when a connection that it used before breaks.
  CHECK(host.get("/api/broken").status == 500);
  CHECK(host.seen(3).size() == 3);
}

TEST_CASE("answers 404 for unknown routes, wrong methods and disabled functions") {
  AppFolder folder = app();
  Json bindings = http_bindings("work");
  bindings[0]["methods"] = {"post"};
  folder.add_function("work", bindings);
  folder.add_function("off", http_bindings("off"));
  RunningHost host(folder.load({{"AzureWebJobs.off.Disabled", "true"}}));
  CHECK(host.get("/api/nothing").status == 404);
  CHECK(host.get("/api/work").status == 404);
  CHECK(host.get("/api/off").status == 404);
  CHECK(host.post("/api/work", "x").status == 200);
}

TEST_CASE("sends envelopes in the framing and header order of each mode") {
  for (const HostMode mode : {HostMode::kLocal, HostMode::kAzure}) {
    const bool chunked = mode == HostMode::kAzure;
    CAPTURE(chunked);
    AppFolder folder = app();
    folder.add_function("work", Json::array({queue_trigger("in")}));
    RunningHost host(folder.load(), {mode, std::nullopt});
    CHECK(host.post("/emulator/queues/in", "aaaaa").status == 201);
    const Json seen = host.seen(1)[0];
    CHECK(seen["method"] == "POST");
    CHECK(seen["target"] == "/work");
    std::vector<std::string> names;
    for (const auto& header : seen["headers"]) names.push_back(header[0]);
    std::vector<std::string> expected = {"Host", "X-Azure-Functions-HostVersion", "X-Azure-Functions-InvocationId",
                                         "User-Agent"};
    if (chunked) expected.push_back("Transfer-Encoding");
    expected.push_back("Content-Type");
    if (!chunked) expected.push_back("Content-Length");
    CHECK(names == expected);
    CHECK(parsed(seen["body"])["Data"] == Json{{"message", "\"aaaaa\""}});
  }
}

TEST_CASE("passes queue outputs on, to the function that waits for them") {
  AppFolder folder = app();
  folder.add_function("first",
                      Json::array({queue_trigger("in"), queue_out("copy", "end"), queue_out("out", "middle")}));
  folder.add_function("second", Json::array({queue_trigger("middle")}));
  folder.reply("/first", {{"headers", pairs({{"Content-Type", "application/json"}})},
                          {"body", R"({"Outputs":{"out":"hello","copy":["a","b"]}})"}});
  RunningHost host(folder.load());
  host.post("/emulator/queues/in", "go");
  const Json seen = host.seen(2);
  CHECK(seen[1]["target"] == "/second");
  CHECK(parsed(seen[1]["body"])["Data"]["message"] == "\"hello\"");
  const Json end = parsed(host.get("/emulator/queues/end").body);
  REQUIRE(end["messages"].size() == 2);
  CHECK(end["messages"][1]["text"] == "b");
  CHECK(host.send({"DELETE", "/emulator/queues/end", {}, ""}).status == 204);
  CHECK(parsed(host.get("/emulator/queues/end").body)["messages"].empty());
}

TEST_CASE("tries a failing message five times and then moves it to the poison queue") {
  AppFolder folder = app();
  folder.add_function("work", Json::array({queue_trigger("in")}));
  folder.add_function("poison", Json::array({queue_trigger("in-poison")}));
  folder.reply("/work", {{"status", 500}});
  RunningHost host(folder.load());
  host.post("/emulator/queues/in", "bad");
  const Json seen = host.seen(6);
  CHECK(parsed(seen[4]["body"])["Metadata"]["DequeueCount"] == "5");
  CHECK(seen[5]["target"] == "/poison");
  CHECK(parsed(seen[5]["body"])["Data"]["message"] == "\"bad\"");
}

TEST_CASE("answers the caller of an HTTP function with other outputs from the envelope") {
  AppFolder folder = app();
  folder.add_function("web", Json::array({http_trigger("web/{id?}"), http_out(), queue_out("out", "end")}));
  folder.reply("/web",
               {{"headers", pairs({{"Content-Type", "application/json"}})},
                {"body", R"({"Outputs":{"res":{"statusCode":201,"body":"made"},"out":"hello"},"Logs":["note"]})"}});
  RunningHost host(folder.load());
  const Reply reply = host.post("/api/web/7", "text");
  CHECK(reply.status == 201);
  CHECK(reply.body == "made");
  const Json envelope = parsed(host.seen(1)[0]["body"]);
  CHECK(envelope["Data"]["req"]["Params"] == Json{{"id", "7"}});
  CHECK(envelope["Data"]["req"]["Body"] == "text");
  CHECK(parsed(host.get("/emulator/queues/end").body)["messages"][0]["text"] == "hello");
  CHECK(host.log().find("] note\n") != std::string::npos);
}

TEST_CASE("kills the handler when an empty reply holds a function until its time limit") {
  AppFolder folder = app();
  folder.patch_host_json({{"functionTimeout", "00:00:01"}});
  folder.add_function("web", Json::array({http_trigger("web"), http_out(), queue_out("out", "end")}));
  folder.reply("/web", {{"status", 204}});
  RunningHost host(folder.load());
  CHECK(host.get("/api/web").status == 500);
  CHECK(host.wait_until_ready(2).starts == 2);
}

TEST_CASE("starts functions through the admin interface") {
  AppFolder folder = app();
  folder.add_function(
      "beat",
      Json::array({{{"type", "timerTrigger"}, {"direction", "in"}, {"name", "timer"}, {"schedule", "0 0 0 1 1 *"}}}));
  folder.add_function("work", Json::array({queue_trigger("in")}));
  RunningHost host(folder.load());
  CHECK(host.post("/admin/functions/beat", R"({"input":""})").status == 202);
  CHECK(host.seen(1)[0]["target"] == "/beat");
  CHECK(host.post("/admin/functions/work", R"({"input":"aaaaa"})").status == 202);
  CHECK(parsed(host.seen(2)[1]["body"])["Data"]["message"] == "\"aaaaa\"");
  CHECK(host.post("/admin/functions/nobody", "{}").status == 404);
  CHECK(host.post("/admin/functions/seen", "{}").status == 400);

  const Json list = parsed(host.get("/admin/functions").body);
  REQUIRE(list.size() == 3);
  CHECK(list[0]["name"] == "beat");
  CHECK(list[1]["invoke_url_template"] == "http://app.example/api/seen");
  CHECK(parsed(host.get("/admin/functions/work").body)["config"]["bindings"][0]["queueName"] == "in");
  CHECK(parsed(host.get("/admin/host/status").body)["state"] == "Running");
  CHECK(host.get("/admin/host/ping").status == 200);
}

TEST_CASE("fires timers by their schedule") {
  AppFolder folder = app();
  folder.add_function(
      "beat",
      Json::array({{{"type", "timerTrigger"}, {"direction", "in"}, {"name", "timer"}, {"schedule", "* * * * * *"}}}));
  RunningHost host(folder.load());
  const Json envelope = parsed(host.seen(1)[0]["body"]);
  CHECK(envelope["Data"]["timer"] ==
        Json{{"Schedule", {{"AdjustForDST", true}}}, {"ScheduleStatus", nullptr}, {"IsPastDue", false}});
}

TEST_CASE("asks for keys by the level of the function") {
  AppFolder folder = app();
  folder.add_function("open", http_bindings("open"));
  folder.add_function("closed", http_bindings("closed", "function"));
  folder.add_function("secret", http_bindings("secret", "admin"));
  RunningHost host(folder.load(), {HostMode::kLocal, HostKeys{Secret("fn"), Secret("ma")}});
  const auto status = [&](const std::string& target, const std::string& key) {
    Request request{"GET", target, {{"Host", "h"}}, ""};
    if (!key.empty()) request.headers.push_back({"x-functions-key", key});
    const Reply reply = host.send(request);
    CHECK((reply.status != 401 || reply.body.empty()));
    return reply.status;
  };
  CHECK(status("/api/open", "") == 200);
  CHECK(status("/api/closed", "") == 401);
  CHECK(status("/api/closed", "wrong") == 401);
  CHECK(status("/api/closed", "fn") == 200);
  CHECK(status("/api/closed", "ma") == 200);
  CHECK(status("/api/closed?code=fn", "") == 200);
  CHECK(status("/api/closed?code=fn", "wrong") == 401);
  CHECK(status("/api/secret", "fn") == 401);
  CHECK(status("/api/secret", "ma") == 200);
  CHECK(status("/admin/functions", "fn") == 401);
  CHECK(status("/admin/functions", "ma") == 200);
}

TEST_CASE("gives the handler the environment of a host") {
  AppFolder folder = app();
  folder.patch_host_json(
      {{"customHandler", {{"description", {{"arguments", {"--print", "\"%FUNCTIONS_APP_ROOT_PATH% %EXTRA%\""}}}}}}});
  const FunctionApp loaded = folder.load();
  RunningHost host(folder.load(), {}, {{"EXTRA", "more"}});
  host.wait_until_ready();
  host.stop();
  CHECK(host.log().find(loaded.root.string() + " more\n") != std::string::npos);
}

TEST_CASE("shows a home page only where no function owns the root") {
  AppFolder folder = app();
  RunningHost host(folder.load());
  CHECK(host.get("/").body.find("up and running") != std::string::npos);
  CHECK(host.get("/emulator/nothing").status == 404);
}

TEST_SUITE_END();

}  // namespace azf::emulator
