#include "emulator/services/sessions_service.h"

#include "emulator/state_file.h"
#include "emulator_tests/service_fixture.h"

#include <doctest/doctest.h>

#include <csignal>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

struct Fixture : ServiceFixture {
  Fixture() {
    std::signal(SIGPIPE, SIG_IGN);
    auto created = TemporaryFolder::create();
    REQUIRE(created);
    folder.emplace(std::move(*created));
    service.emplace(folder->path(), issuer, clock);
  }

  Reply get(const std::string& target, const std::string& method = "GET") {
    return ask(*service, good, method, target);
  }
  Reply execute_first(const std::string& code, const std::string& query) {
    return post(*service, good, "/code/execute?" + query,
                {{"properties", {{"codeInputType", "inline"}, {"executionType", "synchronous"}, {"code", code}}}});
  }
  Reply execute_second(const std::string& code, const std::string& query, const std::string& kind = "Synchronous") {
    return post(*service, good, "/executions?" + query,
                {{"codeInputType", "Inline"}, {"executionType", kind}, {"code", code}, {"timeoutInSeconds", 60}});
  }
  Reply upload(const std::string& target, const std::string& name, const std::string& content,
               const std::string& field = "file") {
    return ask(*service, good, "POST", target,
               "--b\r\nContent-Disposition: form-data; name=\"" + field + "\"; filename=\"" + name + "\"\r\n\r\n" +
                   content + "\r\n--b--\r\n",
               {{"Content-Type", "multipart/form-data; boundary=b"}});
  }

  const SystemClock clock;
  const TokenIssuer issuer{"https://127.0.0.1:1", "tenant", key, clock};
  const std::string good =
      issuer.issue({"client", "object", ""}, "https://dynamicsessions.io", ClientProof::kSecret, std::chrono::hours(1));
  std::optional<TemporaryFolder> folder;
  std::optional<SessionsService> service;
};

const std::string kFirst = "api-version=2024-02-02-preview&identifier=session-1";
const std::string kSecond = "api-version=2025-02-02-preview&identifier=session-1";

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE_FIXTURE(Fixture, "runs code in the first generation of sessions") {
  const Reply reply = execute_first("print('out')\nx = 4\nx", kFirst);
  CHECK(reply.status == 200);
  Json properties = json_of(reply)["properties"];
  properties.erase("executionTimeInMilliseconds");
  CHECK(properties == Json{{"$id", "2"}, {"status", "Success"}, {"stdout", "out\n"}, {"stderr", ""}, {"result", 4}});
  const std::string newer = "api-version=2024-08-02-preview&identifier=session-1";
  CHECK(json_of(execute_first("x + 1", newer))["properties"]["executionResult"] == 5);
  const Json failed = json_of(execute_first("1/0", kFirst))["properties"];
  CHECK(failed["status"] == "Failure");
  CHECK(failed["stderr"].get<std::string>().find("ZeroDivisionError") != std::string::npos);
  const Json flat = json_of(
      post(*service, good, "/python/execute?" + kFirst,
           {{"properties", {{"codeInputType", "inline"}, {"executionType", "synchronous"}, {"pythonCode", "x"}}}}));
  CHECK(flat == Json{{"stdout", ""}, {"stderr", ""}, {"result", 4}});
  CHECK(json_of(post(*service, good, "/identifier/session-1/code/execute?api-version=2024-02-02-preview",
                     {{"properties",
                       {{"codeInputType", "InlineBase64"},
                        {"executionType", "Synchronous"},
                        {"code", "eA=="}}}}))["properties"]["result"] == 4);
}

TEST_CASE_FIXTURE(Fixture, "runs code in the second generation of sessions") {
  const Reply reply = execute_second("print('out')\n{'a': 1}", kSecond);
  CHECK(reply.status == 200);
  const Json body = json_of(reply);
  CHECK(body["status"] == "Succeeded");
  CHECK(body["result"]["stdout"] == "out\n");
  CHECK(body["result"]["executionResult"] == Json{{"a", 1}});
  CHECK(body["error"].is_null());
  CHECK(*find_header(reply.headers, "operation-id") == body["id"]);
  CHECK(execute_second("1", "api-version=2024-10-02-preview&identifier=session-1").status == 202);
  const Json failed = json_of(execute_second("1/0", kSecond));
  CHECK(failed["status"] == "Failed");
  CHECK(failed["error"]["error"]["code"] == "CodeExecutionFailed");
  CHECK(failed["rawResult"]["error_name"] == "ZeroDivisionError");
}

TEST_CASE_FIXTURE(Fixture, "lets asynchronous executions be asked about") {
  const Reply reply = execute_second("'done'", kSecond, "Asynchronous");
  CHECK(reply.status == 202);
  Json state = json_of(reply);
  CHECK(state["status"] == "Running");
  const std::string location = *find_header(reply.headers, "Operation-Location");
  CHECK(location == "/executions/" + state["id"].get<std::string>() + "?" + kSecond);
  while (state["status"] == "Running") state = json_of(get(location));
  CHECK(state["status"] == "Succeeded");
  CHECK(state["result"]["executionResult"] == "done");
  CHECK(get("/executions/unknown?" + kSecond).status == 404);
}

TEST_CASE_FIXTURE(Fixture, "ends code that takes too long") {
  const Json order{{"codeInputType", "Inline"},
                   {"executionType", "Synchronous"},
                   {"code", "while True: pass"},
                   {"timeoutInSeconds", 1}};
  const Reply first = post(*service, good, "/code/execute?" + kFirst, {{"properties", order}});
  CHECK(first.status == 408);
  CHECK(error_code_of(first) == "ExecutionTimeout");
  const Json second = json_of(post(*service, good, "/executions?" + kSecond, order));
  CHECK(second["status"] == "Failed");
  CHECK(second["error"]["error"]["code"] == "ExecutionTimeout");
}

TEST_CASE_FIXTURE(Fixture, "keeps files, which code and callers share") {
  CHECK(json_of(upload("/files?" + kSecond, "a b.txt", "hello"))["sizeInBytes"] == 5);
  CHECK(json_of(upload("/files/upload?" + kFirst, "c.csv", "1,2"))["value"][0]["properties"]["filename"] == "c.csv");
  CHECK(json_of(execute_second("open('made.txt', 'w').write(open('a b.txt').read() + '!')", kSecond))["status"] ==
        "Succeeded");
  Json names = Json::array();
  const Json list = json_of(get("/files?" + kSecond));
  for (const auto& file : list["value"]) names.push_back(file["name"]);
  CHECK(names == Json{"a b.txt", "c.csv", "made.txt"});
  CHECK(list["value"][1]["contentType"] == "text/csv");
  CHECK(json_of(get("/files?" + kFirst))["value"][0]["properties"]["size"] == 5);
  CHECK(get("/files/made.txt/content?" + kSecond).body == "hello!");
  CHECK(get("/files/content/made.txt?" + kFirst).body == "hello!");
  CHECK(json_of(get("/files/a%20b.txt?" + kSecond))["name"] == "a b.txt");
  CHECK(get("/files/a%20b.txt?" + kSecond, "DELETE").status == 204);
  CHECK(json_of(get("/files/c.csv?" + kFirst, "DELETE"))["message"] == "file deleted successfully");
  CHECK(error_code_of(get("/files/a%20b.txt/content?" + kSecond)) == "FileNotFound");
  upload("/files?path=sub/dir&" + kSecond, "d.txt", "x");
  CHECK(json_of(get("/files?path=sub/dir&" + kSecond))["value"][0]["directory"] == "sub/dir");
  CHECK(json_of(get("/files?recursive=true&" + kSecond))["value"].size() == 2);
}

TEST_CASE_FIXTURE(Fixture, "keeps sessions apart, and ends them") {
  execute_second("x = 1", kSecond);
  const std::string other = "api-version=2025-02-02-preview&identifier=session-2";
  CHECK(json_of(execute_second("x", other))["status"] == "Failed");
  CHECK(json_of(get("/files?" + other))["value"].empty());
  CHECK(json_of(get("/listSessions?" + kSecond))["value"].size() == 2);
  CHECK(get("/session?" + kSecond).status == 200);
  CHECK(get("/session?" + kSecond, "DELETE").status == 204);
  CHECK(get("/session?" + kSecond).status == 404);
  CHECK(json_of(execute_second("x", kSecond))["status"] == "Failed");
}

TEST_CASE_FIXTURE(Fixture, "has room for so many sessions") {
  for (std::size_t i = 0; i < SessionsService::kSessions; ++i) {
    CHECK(upload("/files?api-version=2025-02-02-preview&identifier=user-" + std::to_string(i), "a", "x").status == 200);
  }
  const Reply reply = upload("/files?api-version=2025-02-02-preview&identifier=one-more", "a", "x");
  CHECK(reply.status == 429);
  CHECK(find_header(reply.headers, "Retry-After") != nullptr);
}

TEST_CASE_FIXTURE(Fixture, "refuses as a session pool does") {
  CHECK(ask(*service, "", "GET", "/files?" + kSecond).status == 401);
  CHECK(ask(*service, token("https://vault.azure.net"), "GET", "/files?" + kSecond).status == 401);
  struct Row {
    std::string target;
    std::string code;
  };
  const std::vector<Row> rows = {
      {"/files?identifier=session-1", "ApiVersionRequired"},
      {"/files?identifier=session-1&api-version=2030-01-01", "UnsupportedApiVersion"},
      {"/files?api-version=2025-02-02-preview", "InvalidIdentifier"},
      {"/files?api-version=2025-02-02-preview&identifier=abc", "InvalidIdentifier"},
      {"/files?api-version=2025-02-02-preview&identifier=abc%2Fd", "InvalidIdentifier"},
      {"/files?path=../other&" + kSecond, "BadRequest"},
      {"/files?path=/etc&" + kSecond, "BadRequest"},
      {"/files/..%2Fx/content?" + kSecond, "InvalidFileName"},
      {"/nothing?" + kSecond, "NotFound"},
      {"/executions?" + kFirst, "NotFound"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.target);
    CHECK(error_code_of(get(row.target)) == row.code);
  }
  CHECK(error_code_of(upload("/files?" + kSecond, "../x", "y")) == "InvalidFileName");
  CHECK(error_code_of(upload("/files?" + kSecond, "x", "y", "attachment")) == "BadRequest");
  const std::vector<Json> orders = {
      {{"executionType", "Synchronous"}, {"code", "1"}},
      {{"codeInputType", "Inline"}, {"code", "1"}},
      {{"codeInputType", "Inline"}, {"executionType", "Synchronous"}},
      {{"codeInputType", "InlineBase64"}, {"executionType", "Synchronous"}, {"code", "%"}},
      {{"codeInputType", "Inline"}, {"executionType", "Synchronous"}, {"code", "1"}, {"timeoutInSeconds", 221}},
  };
  for (const auto& order : orders) {
    CAPTURE(order);
    CHECK(post(*service, good, "/executions?" + kSecond, order).status == 400);
    CHECK(post(*service, good, "/code/execute?" + kFirst, {{"properties", order}}).status == 400);
  }
  CHECK(post(*service, good, "/code/execute?" + kFirst, Json::object()).status == 400);
  CHECK(error_code_of(service->failure(409)) == "SessionBeingAllocated");
}

TEST_SUITE_END();

}  // namespace azf::emulator
