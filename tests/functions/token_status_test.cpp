#include "support/test_app.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using azf::ErrorKind;
using azf::Json;
using azf::test::fake_refusal;
using azf::test::fake_token;
using azf::test::json_body;
using azf::test::TestApp;

namespace {

// Base64url of {"alg":"none"} and of {"tid":"t-1","oid":"p-1","aud":"https://vault.azure.net"}, and a signature.
const std::string kToken =
    "eyJhbGciOiJub25lIn0.eyJ0aWQiOiJ0LTEiLCJvaWQiOiJwLTEiLCJhdWQiOiJodHRwczovL3ZhdWx0LmF6dXJlLm5ldCJ9.c2VjcmV0";

}  // namespace

TEST_SUITE("functions") {
  TEST_CASE("tells who got a token, for whom and until when, never the token") {
    TestApp app;
    const auto now = app.clock.system_now();
    app.credential.add_outcome(
        fake_token(kToken, now + std::chrono::hours(24), now + std::chrono::hours(12), "ManagedIdentityCredential"));
    const auto response = app.get("/api/token-status?scope=https%3A%2F%2Fvault.azure.net%2F.default");
    CHECK(response.status == 200);
    CHECK(response.headers.get("Cache-Control") == "no-store");
    auto status = json_body(response);
    CHECK(status.at("attempts").is_array());
    status.erase("attempts");
    CHECK(status == Json{{"scope", "https://vault.azure.net/.default"},
                         {"credential", "ManagedIdentityCredential"},
                         {"tenant_id", "t-1"},
                         {"principal_id", "p-1"},
                         {"audience", "https://vault.azure.net"},
                         {"expires_on", "2026-01-03T03:04:05Z"},
                         {"refresh_on", "2026-01-02T15:04:05Z"}});
    for (const auto& part : {std::string("eyJ"), std::string("c2VjcmV0")}) {
      CHECK(response.body.find(part) == std::string::npos);
      CHECK(app.log_sink.text().find(part) == std::string::npos);
    }
    REQUIRE(app.credential.requests().size() == 1);
    CHECK(app.credential.requests()[0].scopes == std::vector<std::string>{"https://vault.azure.net/.default"});
    CHECK(app.credential.deadlines()[0].remaining(app.clock) == std::chrono::seconds(30));
  }

  TEST_CASE("asks for the management scope by default; what the token does not say is null") {
    TestApp app;
    app.credential.add_outcome(fake_token("opaque", app.clock.system_now() + std::chrono::hours(1)));
    const auto status = json_body(app.get("/api/token-status"));
    CHECK(status.at("scope") == "https://management.azure.com/.default");
    for (const auto* member : {"tenant_id", "principal_id", "audience", "refresh_on"}) {
      CHECK(status.at(member).is_null());
    }
  }

  TEST_CASE("a refusal is a problem with every attempt") {
    struct Row {
      ErrorKind kind;
      int status;
    };
    for (const auto& [kind, status] : {Row{ErrorKind::kCredentialUnavailable, 503},
                                       Row{ErrorKind::kAuthenticationFailed, 502}, Row{ErrorKind::kTimeout, 504}}) {
      TestApp app;
      app.credential.add_outcome(fake_refusal(kind, "AADSTS7000215", "ClientSecretCredential"));
      const auto response = app.get("/api/token-status");
      CHECK(response.status == status);
      CHECK(response.headers.get("Content-Type") == "application/problem+json");
      const auto problem = json_body(response);
      CHECK(problem.at("kind") == azf::to_string(kind));
      REQUIRE(problem.at("attempts").size() == 1);
      CHECK(problem.at("attempts").at(0).at("name") == "ClientSecretCredential");
      CHECK(problem.at("attempts").at(0).at("reason") == "AADSTS7000215");
      CHECK(problem.at("invocationId") == "test-invocation");
    }
  }

  TEST_CASE("a scope that is none is refused before anybody is asked") {
    const TestApp app;
    for (const auto& scope : {std::string(), std::string("a%20b"), std::string("a%0A"), std::string("a;b"),
                              std::string("a%22"), std::string(257, 'a')}) {
      CAPTURE(scope);
      const auto response = app.get("/api/token-status?scope=" + scope);
      CHECK(response.status == 400);
      CHECK(json_body(response).at("errors").at(0).at("field") == "scope");
    }
    CHECK(app.credential.requests().empty());
  }
}
