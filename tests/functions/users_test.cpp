#include "support/test_app.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>
#include <string>

using azf::Error;
using azf::ErrorKind;
using azf::HttpResponse;
using azf::Json;
using azf::test::fake_token;
using azf::test::json_body;
using azf::test::TestApp;

namespace {

using Settings = std::map<std::string, std::string>;

HttpResponse refusal(int status, const std::string& code, const std::string& message = "no") {
  return {.status = status, .body = R"({"error":{"code":")" + code + R"(","message":")" + message + R"("}})"};
}

void add_token(TestApp& app) {
  app.credential.add_outcome(fake_token("the-token", app.clock.system_now() + std::chrono::hours(1)));
}

}  // namespace

TEST_SUITE("functions") {
  TEST_CASE("gives a page of users, and what the next one is asked for by") {
    TestApp app;
    add_token(app);
    app.http.add_reply(HttpResponse{
        .body = R"({"@odata.nextLink":"https://graph.microsoft.com/v1.0/users?$top=1&$skiptoken=abc%3D","value":[
          {"id":"1","displayName":"Ada","mail":"a@example.com","userPrincipalName":"ada@example.com","jobTitle":"x"}]})"});
    const auto response = app.get("/api/users?top=1&filter=startswith(displayName,%27A%27)");
    CHECK(response.status == 200);
    CHECK(response.headers.get("Cache-Control") == "no-store");
    CHECK_FALSE(response.headers.has("X-AZF-Demo"));
    CHECK(json_body(response) == Json{{"users",
                                       {{{"id", "1"},
                                         {"display_name", "Ada"},
                                         {"mail", "a@example.com"},
                                         {"user_principal_name", "ada@example.com"}}}},
                                      {"next", "abc="}});
    add_token(app);
    app.http.add_reply(HttpResponse{.body = R"({"value":[]})"});
    CHECK(json_body(app.get("/api/users?top=1&next=abc%3D")) == Json{{"users", Json::array()}, {"next", nullptr}});
    const std::string page =
        "https://graph.microsoft.com/v1.0/users?$select=id,displayName,mail,userPrincipalName&$top=1";
    CHECK(app.http.requests()[0].url == page + "&$filter=startswith%28displayName%2C%27A%27%29");
    CHECK(app.http.requests()[1].url == page + "&$skiptoken=abc%3D");
    CHECK(app.http.requests()[1].headers.get("Authorization") == "Bearer the-token");
  }

  TEST_CASE("S-15: a caller cannot choose where the next page is") {
    TestApp app;
    add_token(app);
    app.http.add_reply(HttpResponse{.body = R"({"value":[]})"});
    CHECK(app.get("/api/users?next=https%3A%2F%2Fevil.example%2F%26%24select%3D*").status == 200);
    CHECK(app.http.requests()[0].url ==
          "https://graph.microsoft.com/v1.0/users?$select=id,displayName,mail,userPrincipalName&$top=100"
          "&$skiptoken=https%3A%2F%2Fevil.example%2F%26%24select%3D%2A");
  }

  TEST_CASE("S-20: me is refused with the reason, whoever notices it") {
    TestApp app;
    const auto response = app.get("/api/users/me");
    CHECK(response.status == 400);
    CHECK(json_body(response).value("detail", "").find("/users/{id}") != std::string::npos);
    CHECK(app.http.requests().empty());

    add_token(app);
    app.http.add_reply(refusal(400, "BadRequest", "/me request is only valid with delegated authentication flow."));
    const auto by_graph = app.get("/api/users");
    CHECK(by_graph.status == 400);
    CHECK(json_body(by_graph).value("detail", "").find("/users/{id}") != std::string::npos);
  }

  TEST_CASE("declares the scope of the directory where one is set up") {
    const auto scopes = [](const Settings& settings) {
      const TestApp app(settings);
      return azf::declared_token_scopes(app.router().functions());
    };
    const std::string scope = "https://graph.microsoft.com/.default";
    const auto has = [&](const auto& list) { return std::ranges::find(list, scope) != list.end(); };
    CHECK_FALSE(has(scopes({})));
    CHECK(has(scopes({{"MICROSOFT_GRAPH_ENDPOINT", "https://graph.microsoft.com"}})));
    CHECK(has(scopes({{"AZF_DEMO_MICROSOFT_GRAPH_ENDPOINT", "https://127.0.0.1:9"}})));
  }

  TEST_CASE("one user by id") {
    TestApp app;
    add_token(app);
    app.http.add_reply(HttpResponse{.body = R"({"id":"1","displayName":"Ada"})"});
    CHECK(json_body(app.get("/api/users/ada@example.com")).value("display_name", "") == "Ada");
    CHECK(app.get("/api/users/..%2Fgroups").status == 400);
  }

  TEST_CASE("a query that is none is refused before anybody is asked, and the field is named") {
    const TestApp app;
    for (const std::string query : {"top=0", "top=1000", "top=-1", "top=1x", "top=", "top=99999999999999999999"}) {
      CAPTURE(query);
      const auto response = app.get("/api/users?" + query);
      CHECK(response.status == 400);
      CHECK(json_body(response).at("errors").at(0).at("field") == "top");
    }
    CHECK(json_body(app.get("/api/users?filter=" + std::string(5000, 'x'))).at("errors").at(0).at("field") == "filter");
    CHECK(json_body(app.get("/api/users?next=" + std::string(5000, 'x'))).at("errors").at(0).at("field") == "next");
    CHECK(app.http.requests().empty());
  }

  TEST_CASE("S-20: a throttled directory is waited for, or its wish passed on") {
    TestApp app;
    add_token(app);
    app.http.add_reply(HttpResponse{429, {{"Retry-After", "2"}}, ""});
    app.http.add_reply(HttpResponse{.body = R"({"value":[]})"});
    CHECK(app.get("/api/users").status == 200);
    const auto sleeps = app.clock.sleeps();  // in parts, so that a caller that goes is noticed
    CHECK(std::accumulate(sleeps.begin(), sleeps.end(), std::chrono::nanoseconds(0)) == std::chrono::seconds(2));

    add_token(app);
    app.http.add_reply(HttpResponse{429, {{"Retry-After", "40"}}, ""});  // longer than the caller waits
    const auto response = app.get("/api/users");
    CHECK(response.status == 429);
    CHECK(response.headers.get("Retry-After") == "40");
  }

  TEST_CASE("each failure has a status that its caller can act on, and what to do") {
    struct Row {
      azf::test::FakeTransport::Reply reply;
      int status;
      std::string code;
      std::string detail;
    };
    const Row rows[] = {
        {refusal(400, "Request_UnsupportedQuery"), 400, "Request_UnsupportedQuery", "filter"},
        {refusal(401, "InvalidAuthenticationToken"), 502, "InvalidAuthenticationToken", "token-status"},
        {refusal(403, "Authorization_RequestDenied"), 502, "Authorization_RequestDenied", "User.Read.All"},
        {refusal(404, "Request_ResourceNotFound"), 404, "Request_ResourceNotFound", "no such user"},
        {HttpResponse{.body = "<html>"}, 502, "unexpected_reply", ""},
        {Error{ErrorKind::kCancelled, "gone"}, 499, "cancelled", ""},
    };
    for (const Row& row : rows) {
      const auto& [reply, status, code, detail] = row;
      CAPTURE(row.code);
      TestApp app;
      add_token(app);
      app.http.add_reply(reply);
      const auto response = app.get("/api/users");
      CHECK(response.status == status);
      CHECK(json_body(response).value("code", "") == code);
      CHECK(json_body(response).value("detail", "").find(detail) != std::string::npos);
    }
  }

  TEST_CASE("a directory that does not answer is left in time") {
    TestApp app;
    add_token(app);
    for (int i = 0; i < 4; ++i) app.http.add_reply(Error{ErrorKind::kTimeout, "late"});
    CHECK(app.get("/api/users").status == 504);
    REQUIRE(!app.http.options().empty());
    CHECK(app.http.options()[0].deadline.remaining(app.clock) < std::chrono::seconds(30));
    CHECK(app.http.options()[0].cancelled != nullptr);
  }

  TEST_CASE("what comes of a stand-in says so; a setting that is no endpoint is explained") {
    TestApp app(Settings{{"AZF_DEMO_MICROSOFT_GRAPH_ENDPOINT", "https://127.0.0.1:9"}});
    add_token(app);
    app.http.add_reply(HttpResponse{.body = R"({"value":[]})"});
    for (const std::string target : {"/api/users", "/api/users/me"}) {
      const auto response = app.get(target);
      CHECK(response.headers.get("X-AZF-Demo") == "stand-in");
    }
    CHECK(app.http.requests()[0].url.starts_with("https://127.0.0.1:9/v1.0/users?"));

    const TestApp wrong(Settings{{"MICROSOFT_GRAPH_ENDPOINT", "graph.microsoft.com"}});
    const auto response = wrong.get("/api/users");
    CHECK(response.status == 503);
    CHECK(json_body(response).value("detail", "").find("MICROSOFT_GRAPH_ENDPOINT") != std::string::npos);
  }
}
