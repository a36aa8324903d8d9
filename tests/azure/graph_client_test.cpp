#include "azure/graph_client.h"

#include "azure/service_fixture.h"

#include <doctest/doctest.h>

namespace azf::azure {
namespace {

using test::FakeTransport;
using test::json_reply;
using test::ServiceFixture;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

HttpResponse refusal(int status, const std::string& code, const std::string& message = "no") {
  return json_reply(status, R"({"error":{"code":")" + code + R"(","message":")" + message +
                                R"(","innerError":{"request-id":"r-1"}}})");
}

struct GraphFixture : ServiceFixture {
  using ServiceFixture::ServiceFixture;

  GraphClient client() { return {connections.connect(graph.description()), graph, clock}; }
  ServiceError error_of() {
    const auto page = client().list_users({}, {});
    REQUIRE(!page);
    return page.error();
  }

  const Graph graph{};
};

}  // namespace

TEST_SUITE("azure") {
  TEST_CASE("a page of users, and the next one by what the page says") {
    GraphFixture f(
        {json_reply(200,
                    R"({"@odata.nextLink":"https://graph.microsoft.com/v1.0/users?$select=id&$skiptoken=RFN%2Bw%3D",
           "value":[{"id":"1","displayName":"Ada","mail":null,"userPrincipalName":"ada@example.com"}]})"),
         json_reply(200, R"({"value":[{"id":"2","displayName":"Grace","mail":"g@example.com"}]})")});
    const auto page = f.client().list_users({.top = 1, .filter = "startswith(displayName,'A&b')"}, {});
    REQUIRE(page);
    CHECK(*page == UserPage{.users = {{.id = "1", .display_name = "Ada", .user_principal_name = "ada@example.com"}},
                            .continuation = "RFN+w="});
    const auto next = f.client().list_users({.top = 1, .continuation = page->continuation}, {});
    REQUIRE(next);
    CHECK(*next == UserPage{.users = {{.id = "2", .display_name = "Grace", .mail = "g@example.com"}}});
    const std::string fields = "https://graph.microsoft.com/v1.0/users?$select=id,displayName,mail,userPrincipalName";
    CHECK(f.urls() == Strings{fields + "&$top=1&$filter=startswith%28displayName%2C%27A%26b%27%29",
                              fields + "&$top=1&$skiptoken=RFN%2Bw%3D"});
    CHECK(f.authorizations()[0] == "Bearer token-1 for https://graph.microsoft.com/.default");
    CHECK_FALSE(f.http.requests()[0].headers.has("ConsistencyLevel"));
  }

  TEST_CASE("S-15: a next page on another host, or one that says nothing, is refused") {
    for (const std::string link :
         {"https://graph.microsoft.com.evil.example/v1.0/users?$skiptoken=x",
          "http://graph.microsoft.com/v1.0/users?$skiptoken=x", "x", "https://graph.microsoft.com/v1.0/users"}) {
      CAPTURE(link);
      GraphFixture f({json_reply(200, R"({"value":[],"@odata.nextLink":")" + link + R"("})")});
      CHECK(f.error_of().kind == ServiceErrorKind::kUnexpectedReply);
      CHECK(f.http.requests().size() == 1);
    }
  }

  TEST_CASE("S-20: a 429 with Retry-After 2 is waited for") {
    GraphFixture f({HttpResponse{429, {{"Retry-After", "2"}}, ""}, json_reply(200, R"({"value":[]})")});
    CHECK(f.client().list_users({}, {}));
    CHECK(f.clock.sleeps() == std::vector<std::chrono::nanoseconds>{2s});

    // Where nobody would wait that long the caller is told at once.
    GraphFixture g({HttpResponse{429, {{"Retry-After", "2"}}, ""}});
    const auto page = g.client().list_users({}, {.deadline = Deadline::after(g.clock, 1s)});
    REQUIRE(!page);
    CHECK(page.error().kind == ServiceErrorKind::kRateLimited);
    CHECK(page.error().retry_after == 2s);
    CHECK(g.clock.sleeps().empty());
  }

  TEST_CASE("S-20: there is no me, and the reason says what to use instead") {
    GraphFixture f({refusal(400, "BadRequest", "/me request is only valid with delegated authentication flow.")});
    for (const std::string id : {"me", "ME"}) {
      const auto user = f.client().get_user(id, {});
      REQUIRE(!user);
      CHECK(user.error().kind == ServiceErrorKind::kInvalidRequest);
      CHECK(user.error().message.find("/users/{id}") != std::string::npos);
    }
    CHECK(f.http.requests().empty());
    const auto error = f.error_of();  // Graph itself says it
    CHECK(error.kind == ServiceErrorKind::kInvalidRequest);
    CHECK(error.message.find("/users/{id}") != std::string::npos);
  }

  TEST_CASE("one user, by id or principal name") {
    GraphFixture f({json_reply(200, R"({"id":"1","displayName":"Ada"})"), refusal(404, "Request_ResourceNotFound")});
    CHECK(f.client().get_user("ada_x.com#EXT#@example.com", {}).value() == GraphUser{.id = "1", .display_name = "Ada"});
    CHECK(f.urls() == Strings{"https://graph.microsoft.com/v1.0/users/ada_x.com%23EXT%23%40example.com"
                              "?$select=id,displayName,mail,userPrincipalName"});
    const auto nobody = f.client().get_user("nobody@example.com", {});
    REQUIRE(!nobody);
    CHECK(nobody.error().kind == ServiceErrorKind::kNotFound);
    for (const std::string id : {"", ".", "..", "a/b", "a\\b", "a%2Fb", "a?b", "a b", "a\n"}) {
      CAPTURE(id);
      const auto refused = f.client().get_user(id, {});
      REQUIRE(!refused);
      CHECK(refused.error().kind == ServiceErrorKind::kInvalidRequest);
    }
    CHECK(f.http.requests().size() == 2);
  }

  TEST_CASE("advanced filters, and only these, ask for eventual consistency") {
    struct Row {
      std::string filter;
      bool advanced;
    };
    const Row rows[] = {
        {"", false},
        {"startswith(displayName,'A')", false},
        {"accountEnabled eq true", false},
        {"displayName eq ' ne '", false},
        {"displayName eq 'O''Hara not '", false},
        {"endsWith(mail,'@example.com')", true},
        {"accountEnabled ne true", true},
        {"NOT(displayName eq 'A')", true},
        {"not startswith(displayName,'A')", true},
        {"accountEnabled eq true and (not(mail eq 'a'))", true},
        {"assignedLicenses/$count eq 0", true},
        {"mail eq null", true},
    };
    for (const Row& row : rows) {
      const auto& [filter, advanced] = row;
      CAPTURE(row.filter);
      GraphFixture f({json_reply(200, R"({"value":[]})")});
      CHECK(f.client().list_users({.filter = filter}, {}));
      const auto request = f.http.requests().front();
      CHECK(request.headers.get("ConsistencyLevel").value_or("none") == (advanced ? "eventual" : "none"));
      CHECK((request.url.find("&$count=true") != std::string::npos) == advanced);
    }
  }

  TEST_CASE("each refusal of Graph has its kind, its code and what to do") {
    struct Row {
      HttpResponse reply;
      ServiceErrorKind kind;
      std::string code;
      std::string advice;
    };
    const Row rows[] = {
        {refusal(400, "BadRequest", "Invalid filter clause"), ServiceErrorKind::kInvalidRequest, "BadRequest",
         "filter"},
        {refusal(401, "InvalidAuthenticationToken"), ServiceErrorKind::kUnauthorized, "InvalidAuthenticationToken",
         "token-status"},
        {refusal(403, "Authorization_RequestDenied"), ServiceErrorKind::kForbidden, "Authorization_RequestDenied",
         "User.Read.All"},
        {refusal(403, "AccessDenied"), ServiceErrorKind::kForbidden, "AccessDenied", "may not"},
        {json_reply(200, "[]"), ServiceErrorKind::kUnexpectedReply, "unexpected_reply", "no list"},
        {json_reply(200, R"({"value":[{}]})"), ServiceErrorKind::kUnexpectedReply, "unexpected_reply", "\"id\""},
        {json_reply(200, "{"), ServiceErrorKind::kUnexpectedReply, "unexpected_reply", "not valid JSON"},
        {HttpResponse{302, {{"Location", "https://evil.example/"}}, ""}, ServiceErrorKind::kUnexpectedReply,
         "unexpected_reply", "302"},
    };
    for (const Row& row : rows) {
      const auto& [reply, kind, code, advice] = row;
      CAPTURE(row.advice);
      GraphFixture f({reply});
      const auto error = f.error_of();
      CHECK(error.kind == kind);
      CHECK(error.code == code);
      CHECK(error.message.find(advice) != std::string::npos);
    }
    for (const int top : {0, 1000}) {
      GraphFixture f(std::vector<FakeTransport::Reply>{});
      CHECK(!f.client().list_users({.top = top}, {}));
    }
  }

  TEST_CASE("a service in trouble is asked four times, one that cannot be reached likewise") {
    for (const FakeTransport::Reply& reply :
         {FakeTransport::Reply(HttpResponse{503}), FakeTransport::Reply(Error{ErrorKind::kTransport, "refused"})}) {
      GraphFixture f({reply, reply, reply, reply});
      CHECK(f.error_of().kind == (reply ? ServiceErrorKind::kUnavailable : ServiceErrorKind::kUnreachable));
      CHECK(f.http.requests().size() == 4);
    }
  }

  TEST_CASE("the deadline and the wish to cancel reach the transport, and their failures have kinds of their own") {
    GraphFixture f({Error{ErrorKind::kCancelled, "gone"}, Error{ErrorKind::kTimeout, "late"}});
    const CallOptions options{.deadline = Deadline::after(f.clock, 100ms), .cancelled = [] { return true; }};
    auto page = f.client().list_users({}, options);
    REQUIRE(!page);
    CHECK(page.error().kind == ServiceErrorKind::kCancelled);
    CHECK(f.http.options()[0].deadline.remaining(f.clock) == 100ms);
    CHECK(f.http.options()[0].cancelled());
    page = f.client().list_users({}, options);
    REQUIRE(!page);
    CHECK(page.error().kind == ServiceErrorKind::kTimeout);
  }

  TEST_CASE("S-1: each cloud has its own tokens, and a stand-in those of the global one") {
    struct Row {
      std::string setting;
      std::string value;
      Graph graph;
      std::string scope;
    };
    const Row rows[] = {
        {"OTHER", "x", {}, "https://graph.microsoft.com/.default"},
        {"MICROSOFT_GRAPH_ENDPOINT",
         "https://graph.microsoft.us/",
         {"https://graph.microsoft.us", false},
         "https://graph.microsoft.us/.default"},
        {"AZF_DEMO_MICROSOFT_GRAPH_ENDPOINT",
         "https://127.0.0.1:9",
         {"https://127.0.0.1:9", true},
         "https://graph.microsoft.com/.default"},
    };
    for (const Row& row : rows) {
      const auto& [setting, value, graph, scope] = row;
      CAPTURE(row.setting);
      Environment environment;
      environment.set(setting, value);
      const auto loaded = load_graph(environment);
      REQUIRE(loaded);
      CHECK(*loaded == graph);
      CHECK(loaded->description().scopes == Strings{scope});
    }
    Environment wrong;
    wrong.set("MICROSOFT_GRAPH_ENDPOINT", "http://graph.microsoft.com");
    CHECK(!load_graph(wrong));
  }
}

}  // namespace azf::azure
