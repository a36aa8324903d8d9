#include "azure/session_pool_client.h"

#include "http/multipart.h"
#include "http/retrying_transport.h"
#include "http/url.h"
#include "support/fake_clock.h"
#include "support/fake_transport.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace {

using azf::Deadline;
using azf::Error;
using azf::ErrorKind;
using azf::HttpRequest;
using azf::HttpResponse;
using azf::Json;
using azf::Method;
using azf::Result;
using azf::Secret;
using azf::Success;
using azf::azure::CallOptions;
using azf::azure::is_session_file_name;
using azf::azure::ServiceConnection;
using azf::azure::ServiceError;
using azf::azure::ServiceErrorKind;
using azf::azure::SessionFile;
using azf::azure::SessionPool;
using azf::azure::SessionPoolClient;
using azf::test::FakeClock;
using azf::test::FakeTransport;
using std::chrono::milliseconds;
using std::chrono::seconds;

// Characters that a query must not have as they are.
const std::string kIdentifier = "a|b-&^%$#(){}[];<>";
const std::string kEncodedIdentifier = "a%7Cb-%26%5E%25%24%23%28%29%7B%7D%5B%5D%3B%3C%3E";
constexpr auto kUrl = "https://pool.example/sub/pool";
constexpr auto kFirst = "2024-02-02-preview";
constexpr auto kSecond = "2024-10-02-preview";

constexpr auto kDone = R"({"status":"Succeeded","result":{"stdout":"hi","stderr":"","executionResult":2}})";
constexpr auto kRunning = R"({"id":"e/1","identifier":"x","status":"Running","result":null})";

// With repetitions, whatever is the default.
azf::azure::ServiceDescription description_of(const SessionPool& pool) {
  auto description = pool.description();
  description.policy =
      azf::azure::ServicePolicy{.retry = {.max_retries = 3, .statuses = {408, 429, 500, 502, 503, 504}}};
  return description;
}

struct Pool {
  explicit Pool(const char* version = kSecond)
      : pool{.url = kUrl, .api_version = version, .scope = "https://dynamicsessions.io/.default"} {}

  Result<azf::azure::Execution, ServiceError> execute(const CallOptions& options = {}) {
    return client.execute("print('hi')", seconds(60), identifier, options);
  }
  void answer(int status, std::string body = {}, azf::Headers headers = {}) {
    http.add_reply(HttpResponse{.status = status, .headers = std::move(headers), .body = std::move(body)});
  }
  void fail(ErrorKind kind) { http.add_reply(Error{kind, "GET https://pool.example/sub/pool/x: no reply"}); }

  SessionPool pool;
  FakeClock clock;
  FakeTransport http;
  azf::RetryingTransport retrying{http, clock, [] { return 0.5; }};
  ServiceConnection connection{retrying, description_of(pool)};
  SessionPoolClient client{connection, pool, clock};
  Secret identifier{kIdentifier};
};

struct Received final : azf::ReplyReceiver {
  bool begin(const HttpResponse& head) override {
    status = head.status;
    return true;
  }
  Result<Success> receive(std::string_view bytes) override {
    if (text.size() == limit) return Error{ErrorKind::kCancelled, "the caller has gone"};
    text += bytes;
    return Success{};
  }
  int status = 0;
  std::string text;
  std::size_t limit = 1'000;
};

TEST_SUITE("azure/session_pool_client") {
  TEST_CASE("S-9: each generation is asked by its own path and body") {
    struct Row {
      const char* version;
      std::string url;
      Json body;
      const char* reply;
    };
    const std::vector<Row> rows = {
        {kFirst,
         std::string(kUrl) + "/code/execute?api-version=2024-02-02-preview&identifier=" + kEncodedIdentifier,
         {{"properties",
           {{"codeInputType", "inline"},
            {"executionType", "synchronous"},
            {"code", "print('hi')"},
            {"timeoutInSeconds", 60}}}},
         R"({"properties":{"status":"Success","stdout":"hi","stderr":"","executionResult":2}})"},
        {kSecond,
         std::string(kUrl) + "/executions?api-version=2024-10-02-preview&identifier=" + kEncodedIdentifier,
         {{"codeInputType", "Inline"},
          {"executionType", "Synchronous"},
          {"code", "print('hi')"},
          {"timeoutInSeconds", 60}},
         kDone},
    };
    for (const auto& row : rows) {
      CAPTURE(row.version);
      for (const int status : {200, 202}) {
        Pool pool(row.version);
        pool.answer(status, row.reply);
        const auto execution = pool.execute();
        REQUIRE_MESSAGE(execution.has_value(), execution.error().message);
        CHECK(execution->succeeded);
        CHECK(execution->standard_output == "hi");
        CHECK(execution->result == 2);
        const auto requests = pool.http.requests();
        REQUIRE(requests.size() == 1);
        CHECK(requests[0].method == Method::kPost);
        CHECK(requests[0].url == row.url);
        CHECK(requests[0].headers.get("Content-Type") == "application/json");
        CHECK(azf::parse_json(requests[0].body).value() == row.body);
      }
    }
  }

  TEST_CASE("code of any text arrives as it is") {
    const std::string code = "print(\"ä\\n\")\r\n\t# \"quoted\" </script>\n";
    Pool pool;
    pool.answer(200, kDone);
    REQUIRE(pool.client.execute(code, seconds(1), pool.identifier, {}));
    CHECK(azf::parse_json(pool.http.requests()[0].body)->at("code") == code);
  }

  TEST_CASE("a try has 30 seconds more than the code, and the code less than the caller waits") {
    struct Row {
      seconds asked;
      seconds left;
      int expected;
    };
    const std::vector<Row> rows = {{seconds(60), seconds(300), 60},
                                   {seconds(60), seconds(40), 35},
                                   {seconds(60), seconds(3), 1},
                                   {seconds(0), seconds(300), 1},
                                   {seconds(500), seconds(600), 220}};
    for (const auto& row : rows) {
      CAPTURE(row.asked.count());
      CAPTURE(row.left.count());
      Pool pool;
      pool.answer(200, kDone);
      const auto deadline = Deadline::after(pool.clock, row.left);
      REQUIRE(pool.client.execute("1", row.asked, pool.identifier, {.deadline = deadline}));
      CHECK(azf::parse_json(pool.http.requests()[0].body)->at("timeoutInSeconds") == row.expected);
      const auto options = pool.http.options()[0];
      CHECK(options.try_timeout >= seconds(row.expected + 30));
      CHECK(options.deadline.instant() == deadline.instant());
    }
  }

  TEST_CASE("S-12: code that got no answer in time is not sent twice") {
    for (const auto kind : {ErrorKind::kTimeout, ErrorKind::kUnexpectedResponse, ErrorKind::kCancelled}) {
      Pool pool;
      pool.fail(kind);
      const auto execution = pool.execute();
      REQUIRE_FALSE(execution);
      CHECK(execution.error().status == 0);
      CHECK(pool.http.requests().size() == 1);
    }
    for (const int status : {408, 500, 502, 504}) {
      CAPTURE(status);
      Pool pool;
      pool.answer(status);
      CHECK_FALSE(pool.execute());
      CHECK(pool.http.requests().size() == 1);
    }
  }

  TEST_CASE("S-13: code that runs on is asked for until it has ended") {
    Pool pool;
    pool.answer(202, kRunning, {{"Operation-Location", "/executions/other?identifier=x"}});
    pool.answer(200, R"({"id":"e/1","status":"NotStarted"})", {{"Retry-After", "3"}});
    pool.answer(202, kRunning);
    pool.answer(200, kDone);
    const auto execution = pool.execute();
    REQUIRE_MESSAGE(execution.has_value(), execution.error().message);
    CHECK(execution->standard_output == "hi");
    CHECK(execution->duration == milliseconds(500 + 3'000 + 2'000));
    const auto requests = pool.http.requests();
    REQUIRE(requests.size() == 4);
    for (std::size_t i = 1; i < requests.size(); ++i) {
      CHECK(requests[i].method == Method::kGet);
      CHECK(requests[i].url ==
            std::string(kUrl) + "/executions/e%2F1?api-version=2024-10-02-preview&identifier=" + kEncodedIdentifier);
      CHECK(requests[i].body.empty());
    }
  }

  TEST_CASE("S-13: code that runs on is asked for until the deadline, and no longer") {
    Pool pool;
    pool.answer(202, kRunning);
    for (int i = 0; i < 20; ++i) pool.answer(200, kRunning);
    const auto began = pool.clock.steady_now();
    const auto execution = pool.execute({.deadline = Deadline::after(pool.clock, seconds(20))});
    REQUIRE_FALSE(execution);
    CHECK(execution.error().kind == ServiceErrorKind::kTimeout);
    CHECK(pool.clock.steady_now() - began <= seconds(20));
    CHECK(pool.clock.steady_now() - began > seconds(15));
  }

  TEST_CASE("without a deadline code that does not end is given up some time after its limit") {
    Pool pool;
    pool.answer(202, kRunning);
    for (int i = 0; i < 60; ++i) pool.answer(200, kRunning);
    const auto began = pool.clock.steady_now();
    const auto execution = pool.execute();
    REQUIRE_FALSE(execution);
    CHECK(execution.error().kind == ServiceErrorKind::kTimeout);
    CHECK(pool.clock.steady_now() - began <= seconds(90));
  }

  TEST_CASE("nobody waits for code any more, so nobody asks for it") {
    Pool pool;
    pool.answer(202, kRunning);
    int asked = 0;
    const auto execution = pool.execute({.cancelled = [&] { return ++asked > 0; }});
    REQUIRE_FALSE(execution);
    CHECK(execution.error().kind == ServiceErrorKind::kCancelled);
    CHECK(pool.http.requests().size() == 1);
    CHECK(pool.http.options()[0].cancelled);
  }

  TEST_CASE("a pool that restarts in the middle is asked again, but not to run the code again") {
    Pool pool;
    pool.answer(202, kRunning);
    pool.fail(ErrorKind::kTransport);
    pool.answer(503);
    pool.answer(200, kDone);
    const auto execution = pool.execute();
    REQUIRE_MESSAGE(execution.has_value(), execution.error().message);
    const auto requests = pool.http.requests();
    CHECK(std::ranges::count(requests, Method::kPost, &HttpRequest::method) == 1);
    CHECK(requests.size() == 4);
  }

  TEST_CASE("a pool that has forgotten the code in a restart is a failure of its own") {
    Pool pool;
    pool.answer(202, kRunning);
    pool.answer(404, R"({"error":{"code":"ExecutionNotFound","message":"planted"}})");
    const auto execution = pool.execute();
    REQUIRE_FALSE(execution);
    CHECK(execution.error().kind == ServiceErrorKind::kUnavailable);
    CHECK(execution.error().code == "ExecutionNotFound");
    CHECK(pool.http.requests().size() == 2);
  }

  TEST_CASE("code that runs on without a way to ask for it is an unexpected reply") {
    for (const auto& [version, body] :
         {std::pair(kFirst, kRunning), std::pair(kSecond, R"({"status":"Running","id":""})")}) {
      Pool pool(version);
      pool.answer(202, body);
      CHECK(pool.execute().error().kind == ServiceErrorKind::kUnexpectedReply);
    }
  }

  TEST_CASE("a refusal says what to do about it") {
    struct Row {
      int status;
      ServiceErrorKind kind;
      const char* advice;
    };
    const std::vector<Row> rows = {
        {400, ServiceErrorKind::kInvalidRequest, "SESSION_POOL_API_VERSION"},
        {401, ServiceErrorKind::kUnauthorized, "SESSION_POOL_AUDIENCE"},
        {403, ServiceErrorKind::kForbidden, "Azure ContainerApps Session Executor"},
        {404, ServiceErrorKind::kNotConfigured, "AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT"},
        {408, ServiceErrorKind::kTimeout, "longer than the pool allows"},
        {409, ServiceErrorKind::kConflict, "being set up"},
        {413, ServiceErrorKind::kTooLarge, "128 MB"},
        {429, ServiceErrorKind::kRateLimited, "no session of the pool is free"},
        {500, ServiceErrorKind::kUnavailable, "the pool has failed"},
        {504, ServiceErrorKind::kTimeout, "longer than the pool allows"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.status);
      Pool pool;
      // Longer than any wait of ours, so that it comes back at once.
      pool.answer(row.status, R"({"error":{"code":"ItsCode","message":"planted","traceId":"planted"}})",
                  {{"Retry-After", "120"}});
      const auto execution = pool.execute();
      REQUIRE_FALSE(execution);
      const ServiceError& error = execution.error();
      CHECK(error.kind == row.kind);
      CHECK(error.status == row.status);
      CHECK(error.code == "ItsCode");
      CHECK_MESSAGE(error.message.find(row.advice) != std::string::npos, error.message);
      CHECK(error.message.find("planted") == std::string::npos);
      CHECK(error.retry_after == seconds(120));
    }
  }

  TEST_CASE("S-10: the identifier is in the query alone, encoded, and in no message") {
    const auto check = [](const ServiceError& error) {
      for (const auto& text : {kIdentifier, kEncodedIdentifier}) {
        CHECK(error.message.find(text) == std::string::npos);
        CHECK(error.code.find(text) == std::string::npos);
        CHECK(error.request_id.find(text) == std::string::npos);
      }
    };
    for (const auto* version : {kFirst, kSecond}) {
      for (const int status : {202, 400, 404, 429, 500}) {
        CAPTURE(status);
        Pool pool(version);
        Received received;
        const auto expect_failure = [&](auto call) {
          for (int i = 0; i < 4; ++i) pool.answer(status, "bad identifier: " + kIdentifier, {{"Retry-After", "120"}});
          const auto result = call();
          if (!result) check(result.error());
        };
        expect_failure([&] { return pool.execute(); });
        expect_failure([&] { return pool.client.list(pool.identifier, {}); });
        expect_failure([&] { return pool.client.upload("x", "1", pool.identifier, {}); });
        expect_failure([&] { return pool.client.download("x", pool.identifier, received, {}); });
        expect_failure([&] { return pool.client.remove("x", pool.identifier, {}); });
        for (const auto& request : pool.http.requests()) {
          const auto target = azf::split_target(request.url);
          CHECK(target.path.find(kIdentifier) == std::string::npos);
          CHECK(target.query.ends_with("&identifier=" + kEncodedIdentifier));
          CHECK(azf::query_parameter(request.url, "identifier") == kIdentifier);
        }
      }
    }
  }

  TEST_CASE("S-1: every request goes to the pool of the setting, whatever a reply says") {
    Pool pool;
    pool.answer(202, kRunning,
                {{"Operation-Location", "https://evil.example/executions/e"}, {"Location", "https://evil.example/"}});
    pool.answer(200, kDone);
    REQUIRE(pool.execute());
    pool.answer(200, R"({"value":[],"nextLink":"https://evil.example/files"})");
    CHECK(pool.client.list(pool.identifier, {}).error().kind == ServiceErrorKind::kUnexpectedReply);
    pool.answer(200, R"({"value":[],"nextLink":"http://pool.example/files"})");
    CHECK_FALSE(pool.client.list(pool.identifier, {}));
    pool.answer(200, R"({"value":[],"nextLink":"https://pool.example.evil.example/files"})");
    CHECK_FALSE(pool.client.list(pool.identifier, {}));
    for (const auto& request : pool.http.requests()) CHECK(request.url.starts_with("https://pool.example/sub/pool/"));
  }

  TEST_CASE("S-11: an upload is a form with the field file") {
    struct Row {
      const char* version;
      const char* path;
      std::string reply;
    };
    const std::vector<Row> rows = {
        {kFirst, "/files/upload",
         R"({"value":[{"properties":{"filename":"a b.csv","size":5,"lastModifiedTime":"2024-05-02T07:21:07Z"}}]})"},
        {kSecond, "/files",
         R"({"name":"a b.csv","type":"file","sizeInBytes":5,"lastModifiedAt":"2024-05-02T07:21:07Z"})"},
    };
    const std::string bytes("1\r\n\0\xff", 5);
    for (const auto& row : rows) {
      CAPTURE(row.version);
      Pool pool(row.version);
      pool.answer(200, row.reply);
      const auto file = pool.client.upload("a b.csv", bytes, pool.identifier, {});
      REQUIRE_MESSAGE(file.has_value(), file.error().message);
      CHECK(file->name == "a b.csv");
      CHECK(file->size == 5);
      CHECK(file->modified.has_value());
      const auto request = pool.http.requests().at(0);
      CHECK(request.method == Method::kPost);
      CHECK(request.url ==
            std::string(kUrl) + row.path + "?api-version=" + row.version + "&identifier=" + kEncodedIdentifier);
      const auto parts = azf::parse_form_data(request.headers.get("Content-Type").value(), request.body);
      REQUIRE(parts);
      CHECK(*parts == std::vector<azf::FormPart>{{"file", "a b.csv", "application/octet-stream", bytes}});
    }
  }

  TEST_CASE("an upload that succeeded is one, even if the reply says nothing of it") {
    Pool pool;
    pool.answer(200, "ok");
    CHECK(pool.client.upload("x", "123", pool.identifier, {}).value() == SessionFile{"x", 3, {}});
  }

  TEST_CASE("S-11: names that are no names of files are refused, and nothing is sent") {
    const std::vector<std::string> names = {"",
                                            ".",
                                            "..",
                                            "../x",
                                            "a/b",
                                            "a\\b",
                                            "/",
                                            "a\nb",
                                            "a\x7f",
                                            std::string("a\0b", 3),
                                            "..\\x",
                                            "x/../",
                                            "\x1b[2Jx.txt",
                                            std::string(256, 'x')};
    for (const auto& name : names) {
      CAPTURE(name);
      CHECK_FALSE(is_session_file_name(name));
      Pool pool;
      Received received;
      const auto refused = pool.client.upload(name, "1", pool.identifier, {});
      CHECK(refused.error().kind == ServiceErrorKind::kInvalidRequest);
      CHECK(refused.error().status == 0);
      CHECK(pool.client.download(name, pool.identifier, received, {}).error() == refused.error());
      CHECK(pool.client.remove(name, pool.identifier, {}).error() == refused.error());
      CHECK(pool.http.requests().empty());
    }
    for (const auto* name : {"x", "...", "a b.csv", "Zoë.txt", "a?b#c%d&e", "-"}) {
      CAPTURE(name);
      CHECK(is_session_file_name(name));
    }
  }

  TEST_CASE("a list goes on through all its pages") {
    Pool pool;
    pool.answer(200, R"({"value":[{"name":"a","sizeInBytes":1}],"nextLink":"/files?skip=1&identifier=x"})");
    pool.answer(200, R"({"value":[],"nextLink":"https://POOL.example:443/sub/pool/files?skip=2"})");
    pool.answer(200, R"({"value":[{"name":"b","sizeInBytes":2}]})");
    CHECK(pool.client.list(pool.identifier, {}).value() == std::vector<SessionFile>{{"a", 1, {}}, {"b", 2, {}}});
    CHECK(pool.http.requests()[1].url == std::string(kUrl) + "/files?skip=1&identifier=x");

    for (int i = 0; i < 100; ++i) pool.answer(200, R"({"value":[],"nextLink":"/files?again"})");
    CHECK(pool.client.list(pool.identifier, {}).error().kind == ServiceErrorKind::kUnexpectedReply);
  }

  TEST_CASE("a file is received piece by piece, by the path of the generation") {
    for (const auto& [version, path] : {std::pair(kFirst, "/files/content/a%20b%3F%23%25.csv"),
                                        std::pair(kSecond, "/files/a%20b%3F%23%25.csv/content")}) {
      CAPTURE(version);
      Pool pool(version);
      Received received;
      pool.answer(200, "x,y\n");
      REQUIRE(pool.client.download("a b?#%.csv", pool.identifier, received, {}));
      CHECK(received.status == 200);
      CHECK(received.text == "x,y\n");
      CHECK(pool.http.requests()[0].url.starts_with(std::string(kUrl) + path + "?"));
    }
  }

  TEST_CASE("a receiver sees no refusal, and ends what it does not want") {
    Pool pool;
    Received received;
    pool.answer(404, R"({"error":{"code":"FileNotFound","message":"m"}})");
    const auto missing = pool.client.download("x", pool.identifier, received, {});
    CHECK(missing.error().kind == ServiceErrorKind::kNotFound);
    CHECK(missing.error().message.find("no such file") != std::string::npos);
    CHECK(received.status == 0);

    received.limit = 2;
    pool.answer(200, "x,y\n");
    CHECK(pool.client.download("x", pool.identifier, received, {}).error().kind == ServiceErrorKind::kCancelled);
    CHECK(received.text == "x,");
  }

  TEST_CASE("a file that ends behind its head is broken off") {
    struct Breaking final : azf::HttpTransport {
      Result<HttpResponse> send(const HttpRequest&, const azf::SendOptions& options) override {
        CHECK(options.receiver->begin({.status = 200}));
        CHECK(options.receiver->receive("x,"));
        return Error{ErrorKind::kTransport, "the connection was closed"};
      }
    };
    const Pool pool;
    Breaking http;
    ServiceConnection connection(http, description_of(pool.pool));
    SessionPoolClient client(connection, pool.pool, pool.clock);
    Received received;
    CHECK(client.download("x", pool.identifier, received, {}).error().kind == ServiceErrorKind::kBrokenOff);
    CHECK(received.text == "x,");
  }

  TEST_CASE("a file is removed, and reading and removing is repeated where it failed") {
    for (const auto* version : {kFirst, kSecond}) {
      Pool pool(version);
      pool.fail(ErrorKind::kTransport);
      pool.answer(503);
      pool.answer(204);
      REQUIRE(pool.client.remove("a b", pool.identifier, {}));
      const auto requests = pool.http.requests();
      CHECK(requests.size() == 3);
      CHECK(requests[2].method == Method::kDelete);
      CHECK(requests[2].url.starts_with(std::string(kUrl) + "/files/a%20b?"));
    }
  }
}

}  // namespace
