#include "azure/session_identifier.h"
#include "http/url.h"
#include "support/test_app.h"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace {

using azf::Error;
using azf::ErrorKind;
using azf::Headers;
using azf::HttpResponse;
using azf::Json;
using azf::Method;
using azf::test::fake_refusal;
using azf::test::fake_token;
using azf::test::json_body;
using azf::test::TestApp;

const std::string kKey = "0123456789abcdef0123456789abcdef";
const std::string kToken = "planted-token";
const std::string kDone =
    R"({"properties":{"status":"Success","stdout":"hi\n","stderr":"","result":2,"executionTimeInMilliseconds":9}})";

using Settings = std::map<std::string, std::string>;

Settings with_pool(Settings more = {}) {
  more.emplace("AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT", "https://pool.example/p");
  more.emplace("AZF_SESSION_KEY", kKey);
  return more;
}

// As many tokens as there may be requests.
void expect(TestApp& app, std::vector<azf::Result<HttpResponse>> replies) {
  for (auto& reply : replies) {
    app.credential.add_outcome(fake_token(kToken, app.clock.system_now() + std::chrono::hours(1)));
    app.http.add_reply(std::move(reply));
  }
}

HttpResponse post(const TestApp& app, const Json& body, Headers headers = {}) {
  headers.set("Content-Type", "application/json");
  return app.send({.method = Method::kPost, .url = "/api/execute", .headers = headers, .body = azf::to_text(body)});
}

std::string identifier_of(const azf::HttpRequest& request) {
  return azf::query_parameter(request.url, "identifier").value_or("");
}

TEST_SUITE("functions/execute") {
  TEST_CASE("runs code in a new session, and again in the same") {
    TestApp app(with_pool());
    expect(app, {HttpResponse{.body = kDone}, HttpResponse{.body = kDone}});
    const auto response = post(app, {{"code", "print('hi')"}});
    CHECK(response.status == 200);
    CHECK(response.headers.get("Cache-Control") == "no-store");
    CHECK_FALSE(response.headers.has("X-AZF-Demo"));
    auto document = json_body(response);
    const auto session = document.at("session").get<std::string>();
    document.erase("session");
    CHECK(document == Json{{"status", "succeeded"},
                           {"stdout", "hi\n"},
                           {"stderr", ""},
                           {"result", 2},
                           {"duration_ms", 9},
                           {"truncated", false}});

    const auto again = json_body(post(app, {{"code", "2"}, {"session", session}, {"timeout", 5}}));
    CHECK(again.at("session") == session);
    const auto requests = app.http.requests();
    REQUIRE(requests.size() == 2);
    CHECK(identifier_of(requests[0]).size() == 64);
    CHECK(identifier_of(requests[0]) == identifier_of(requests[1]));
    CHECK(azf::parse_json(requests[0].body)->at("properties").at("timeoutInSeconds") == 60);
    CHECK(azf::parse_json(requests[1].body)->at("properties").at("timeoutInSeconds") == 5);
  }

  TEST_CASE("S-1: the token for the pool is asked for with its scope, and sent to the pool alone") {
    TestApp app(with_pool());
    expect(app, {HttpResponse{.body = kDone}});
    CHECK(post(app, {{"code", "1"}}).status == 200);
    REQUIRE(app.credential.requests().size() == 1);
    CHECK(app.credential.requests()[0].scopes == std::vector<std::string>{"https://dynamicsessions.io/.default"});
    const auto requests = app.http.requests();
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].url.starts_with("https://pool.example/p/code/execute?"));
    CHECK(requests[0].headers.all("Authorization") == std::vector<std::string_view>{"Bearer planted-token"});
  }

  TEST_CASE("code that fails is no failure of the request") {
    TestApp app(with_pool({{"SESSION_POOL_API_VERSION", "2024-10-02-preview"}}));
    expect(app, {HttpResponse{.body = R"({"status":"Failed","result":{"stdout":"","stderr":"NameError"}})"}});
    const auto response = post(app, {{"code", "x"}});
    CHECK(response.status == 200);
    CHECK(json_body(response).at("status") == "failed");
    CHECK(json_body(response).at("stderr") == "NameError");
    CHECK(app.http.requests()[0].url.starts_with("https://pool.example/p/executions?"));
  }

  TEST_CASE("what comes of a stand-in says so, a failure, too") {
    TestApp app(Settings{{"AZF_DEMO_AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT", "https://127.0.0.1:1/pool"}});
    expect(app, {HttpResponse{.body = kDone}, HttpResponse{.status = 403}});
    for (const int status : {200, 502}) {
      const auto response = post(app, {{"code", "1"}});
      CHECK(response.status == status);
      CHECK(response.headers.get("X-AZF-Demo") == "stand-in");
      CHECK(json_body(response).at("demo") == true);
    }
  }

  TEST_CASE("a wrong request is refused before anything is sent") {
    const TestApp app(with_pool());
    struct Row {
      Json body;
      int status;
      const char* field;
    };
    const std::vector<Row> rows = {
        {Json::object(), 400, "code"},
        {{{"code", ""}}, 400, "code"},
        {{{"code", 7}}, 400, "code"},
        {{{"code", std::string(128 * 1024 + 1, 'x')}}, 413, "code"},
        {{{"code", "1"}, {"session", 7}}, 400, "session"},
        {{{"code", "1"}, {"timeout", 0}}, 400, "timeout"},
        {{{"code", "1"}, {"timeout", 221}}, 400, "timeout"},
        {{{"code", "1"}, {"timeout", -1}}, 400, "timeout"},
        {{{"code", "1"}, {"timeout", 1.5}}, 400, "timeout"},
        {{{"code", "1"}, {"timeout", true}}, 400, "timeout"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.field);
      const auto response = post(app, row.body);
      CHECK(response.status == row.status);
      CHECK(json_body(response).at("errors").at(0).at("field") == row.field);
    }
    CHECK(app.post("/api/execute", "print(1)", "text/plain").status == 415);
    CHECK(app.post("/api/execute", "{").status == 400);
    CHECK(app.post("/api/execute", "[1]").status == 400);
    CHECK(app.get("/api/execute").status == 405);
  }

  TEST_CASE("without a pool the setting is named, with a wrong key, too") {
    const std::pair<Settings, const char*> cases[] = {
        {{}, "AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT"},
        {with_pool({{"SESSION_POOL_API_VERSION", "new"}}), "SESSION_POOL_API_VERSION"},
        {{{"AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT", "https://p.example"}, {"AZF_SESSION_KEY", "short"}},
         "AZF_SESSION_KEY"},
    };
    for (const auto& [settings, name] : cases) {
      CAPTURE(name);
      const TestApp app(settings);
      const auto response = post(app, {{"code", "1"}});
      CHECK(response.status == 503);
      CHECK(json_body(response).at("code") == "not_configured");
      CHECK(json_body(response).at("detail").get<std::string>().find(name) != std::string::npos);
    }
  }

  TEST_CASE("a session of another caller, or of nobody, is not found") {
    TestApp app(with_pool({{"WEBSITE_AUTH_ENABLED", "True"}}));
    expect(app, {HttpResponse{.body = kDone}, HttpResponse{.body = kDone}});
    const Headers ada = {{"X-MS-CLIENT-PRINCIPAL-ID", "ada"}, {"X-MS-CLIENT-PRINCIPAL-IDP", "aad"}};
    const Headers bob = {{"X-MS-CLIENT-PRINCIPAL-ID", "bob"}, {"X-MS-CLIENT-PRINCIPAL-IDP", "aad"}};
    const auto session = json_body(post(app, {{"code", "1"}}, ada)).at("session");
    for (const auto& [headers, handle] : {std::pair(bob, session), std::pair(Headers(), session),
                                          std::pair(ada, Json("default")), std::pair(ada, Json(""))}) {
      const auto response = post(app, {{"code", "1"}, {"session", handle}}, headers);
      CHECK(response.status == 404);
      CHECK(json_body(response).at("code") == "session_not_found");
    }
    CHECK(app.http.requests().size() == 1);
    CHECK(post(app, {{"code", "1"}, {"session", session}}, ada).status == 200);
  }

  TEST_CASE("nobody can say who he is where the platform does not") {
    TestApp app(with_pool());
    expect(app, {HttpResponse{.body = kDone}, HttpResponse{.body = kDone}});
    const auto session = json_body(post(app, {{"code", "1"}}, {{"X-MS-CLIENT-PRINCIPAL-ID", "ada"}})).at("session");
    CHECK(post(app, {{"code", "1"}, {"session", session}}, {{"X-MS-CLIENT-PRINCIPAL-ID", "bob"}}).status == 200);
  }

  TEST_CASE("a refusal of the pool has a status that the caller can act on") {
    struct Row {
      int status;
      int expected;
      const char* detail;
    };
    const std::vector<Row> rows = {
        {400, 400, "SESSION_POOL_API_VERSION"},
        {401, 502, "SESSION_POOL_AUDIENCE"},
        {403, 502, "Azure ContainerApps Session Executor"},
        {404, 503, "AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT"},
        {408, 504, "longer than the pool allows"},
        {409, 409, "being set up"},
        {413, 413, "128 MB"},
        {429, 429, "no session of the pool is free"},
        {500, 502, "the pool has failed"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.status);
      TestApp app(with_pool());
      // A wait that is longer than any of ours.
      const Headers headers =
          row.status == 429 ? Headers{{"Retry-After", "120"}, {"x-ms-request-id", "id-1"}} : Headers();
      expect(app, {HttpResponse{.status = row.status,
                                .headers = headers,
                                .body = R"({"error":{"code":"ItsCode","message":"planted"}})"}});
      const auto response = post(app, {{"code", "1"}});
      CHECK(response.status == row.expected);
      CHECK(response.headers.get("Retry-After").value_or("") == (row.status == 429 ? "120" : ""));
      const auto problem = json_body(response);
      CHECK(problem.at("code") == "ItsCode");
      CHECK(problem.at("detail").get<std::string>().find(row.detail) != std::string::npos);
      CHECK(response.body.find("planted") == std::string::npos);
    }
  }

  TEST_CASE("S-12: code that got no answer in time is not sent twice") {
    for (const auto& [kind, status] :
         {std::pair(ErrorKind::kTimeout, 504), std::pair(ErrorKind::kUnexpectedResponse, 502)}) {
      TestApp app(with_pool());
      expect(app, {Error{kind, "POST https://pool.example/p/code/execute: no reply came"}});
      const auto response = post(app, {{"code", "1"}});
      CHECK(response.status == status);
      CHECK(app.http.requests().size() == 1);
    }
  }

  TEST_CASE("S-10: identifier and token are in no log and no response") {
    TestApp app(with_pool());
    expect(app, {HttpResponse{.body = kDone}, HttpResponse{.status = 403, .body = "planted-body"},
                 Error{ErrorKind::kTimeout, "POST https://pool.example/p/code/execute: no reply came"}});
    std::string shown;
    const auto first = post(app, {{"code", "1"}});
    shown += first.body;
    const auto session = json_body(first).at("session");
    for (int i = 0; i < 2; ++i) shown += post(app, {{"code", "1"}, {"session", session}}).body;
    shown += post(app, {{"code", "1"}, {"session", "planted-handle"}}).body;
    shown += app.log_sink.text();
    const std::string identifier = identifier_of(app.http.requests().at(0));
    CHECK(identifier.size() == 64);
    for (const auto& secret : {identifier, kToken, kKey, std::string("planted-body"), std::string("planted-handle")}) {
      CAPTURE(secret);
      CHECK(shown.find(secret) == std::string::npos);
    }
    CHECK(app.log_sink.text().find(session.get<std::string>()) == std::string::npos);
  }

  TEST_CASE("without a token the next step is named, and nothing is sent") {
    TestApp app(with_pool());
    app.credential.add_outcome(fake_refusal(ErrorKind::kCredentialUnavailable, "no identity here"));
    const auto response = post(app, {{"code", "1"}});
    CHECK(response.status == 503);
    CHECK(json_body(response).at("code") == "no_token");
    CHECK(app.http.requests().empty());
  }

  TEST_CASE("a call gets the deadline of the invocation, and ends when the caller has gone") {
    TestApp app(with_pool());
    expect(app, {HttpResponse{.body = kDone}});
    REQUIRE(post(app, {{"code", "1"}, {"timeout", 220}}).status == 200);
    const auto options = app.http.options().at(0);
    CHECK(options.deadline.remaining(app.clock) == std::chrono::minutes(5));
    CHECK(options.try_timeout >= std::chrono::seconds(250));
    CHECK(options.cancelled);
  }
}

}  // namespace
