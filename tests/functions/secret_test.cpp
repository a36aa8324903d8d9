#include "support/test_app.h"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
#include <string>

using azf::Error;
using azf::ErrorKind;
using azf::HttpResponse;
using azf::Json;
using azf::test::fake_refusal;
using azf::test::fake_token;
using azf::test::json_body;
using azf::test::TestApp;

namespace {

using Settings = std::map<std::string, std::string>;

const std::string kValue = "s3cr3t-v@lue";
const std::string kStandIn = "AZF_DEMO_AZURE_KEY_VAULT_ENDPOINT";

HttpResponse secret_reply() {
  return {.body = R"({"value":")" + kValue + R"(","contentType":"text/plain",
    "id":"https://v.vault.azure.net/secrets/db-password/0123abcd",
    "attributes":{"enabled":true,"created":1700000000,"updated":1700000001,"exp":1900000000},"tags":{"owner":"ops"}})"};
}

HttpResponse refusal(int status, const std::string& code, const std::string& inner) {
  return {.status = status,
          .body = R"({"error":{"code":")" + code + R"(","message":"no","innererror":{"code":")" + inner + R"("}}})"};
}

// The app with a vault that challenges its first request, and a token for it.
struct VaultApp : TestApp {
  explicit VaultApp(Settings settings = {}, const std::string& endpoint_setting = "AZURE_KEY_VAULT_ENDPOINT")
      : TestApp([&] {
          settings.emplace(endpoint_setting, "https://v.vault.azure.net");
          return settings;
        }()) {
    credential.add_outcome(fake_token("the-token", clock.system_now() + std::chrono::hours(1)));
    http.add_reply(HttpResponse{401,
                                {{"WWW-Authenticate",
                                  "Bearer authorization=\"https://login.microsoftonline.com/"
                                  "11111111-1111-4111-8111-111111111111\", resource=\"https://vault.azure.net\""}},
                                ""});
  }
};

}  // namespace

TEST_SUITE("functions") {
  TEST_CASE("shows what a vault says of a secret, and not its value") {
    VaultApp app;
    app.http.add_reply(secret_reply());
    const auto response = app.get("/api/secrets/db-password");
    CHECK(response.status == 200);
    CHECK(response.headers.get("Cache-Control") == "no-store");
    CHECK_FALSE(response.headers.has("X-AZF-Demo"));
    CHECK(json_body(response) == Json{{"name", "db-password"},
                                      {"version", "0123abcd"},
                                      {"enabled", true},
                                      {"created", "2023-11-14T22:13:20Z"},
                                      {"updated", "2023-11-14T22:13:21Z"},
                                      {"expires", "2030-03-17T17:46:40Z"},
                                      {"not_before", nullptr},
                                      {"content_type", "text/plain"},
                                      {"tags", {{"owner", "ops"}}}});
    CHECK(app.http.requests().back().url == "https://v.vault.azure.net/secrets/db-password?api-version=2025-07-01");
    CHECK(app.http.requests().back().headers.get("Authorization") == "Bearer the-token");
    CHECK(app.log_sink.text().find(kValue) == std::string::npos);
  }

  TEST_CASE("shows the value where the app's settings allow it, and writes it into no log") {
    VaultApp app(Settings{{"AZF_SECRET_VALUES", "allow"}});
    app.http.add_reply(secret_reply());
    const auto response = app.get("/api/secrets/db-password?version=0123abcd");
    CHECK(json_body(response).value("value", "") == kValue);
    CHECK(response.headers.get("Cache-Control") == "no-store");
    CHECK(app.http.requests().back().url.find("/secrets/db-password/0123abcd?") != std::string::npos);
    CHECK(app.log_sink.text().find(kValue) == std::string::npos);

    VaultApp other(Settings{{"AZF_SECRET_VALUES", "yes"}});
    other.http.add_reply(secret_reply());
    CHECK_FALSE(json_body(other.get("/api/secrets/db-password")).contains("value"));
  }

  TEST_CASE("lists the names of all secrets") {
    VaultApp app;
    app.http.add_reply(HttpResponse{.body = R"({"value":[{"id":"https://v.vault.azure.net/secrets/a"}]})"});
    CHECK(json_body(app.get("/api/secrets")) == Json{{"names", {"a"}}});
  }

  TEST_CASE("what comes of a stand-in says so, refusals too") {
    VaultApp app({}, kStandIn);
    app.http.add_reply(secret_reply());
    app.http.add_reply(refusal(404, "SecretNotFound", ""));
    for (int i = 0; i < 2; ++i) {
      const auto response = app.get("/api/secrets/db-password");
      CHECK(response.headers.get("X-AZF-Demo") == "stand-in");
      CHECK(json_body(response).value("demo", false));
      app.credential.add_outcome(fake_token("the-token", app.clock.system_now() + std::chrono::hours(1)));
    }
  }

  TEST_CASE("names and versions that are none are refused before anybody is asked") {
    const VaultApp app;
    for (const std::string target : {"a.b", "a%2Fb", "%C3%A4", "a_b"}) {
      const auto response = app.get("/api/secrets/" + target);
      CAPTURE(target);
      CHECK(response.status == 400);
      CHECK(json_body(response).at("errors").at(0).at("field") == "name");
    }
    CHECK(json_body(app.get("/api/secrets/a?version=../b")).at("errors").at(0).at("field") == "version");
    CHECK(app.http.requests().empty());
  }

  TEST_CASE("each failure has a status that its caller can act on, and what to do") {
    struct Row {
      azf::test::FakeTransport::Reply reply;
      int status;
      std::string code;
      std::string detail;
    };
    const Row rows[] = {
        {refusal(401, "Unauthorized", ""), 502, "Unauthorized", "token-status"},
        {refusal(403, "Forbidden", "ForbiddenByRbac"), 502, "ForbiddenByRbac", "Key Vault Secrets User"},
        {refusal(403, "Forbidden", "ForbiddenByFirewall"), 502, "ForbiddenByFirewall", "firewall"},
        {refusal(403, "Forbidden", "SecretDisabled"), 409, "SecretDisabled", "disabled"},
        {refusal(404, "SecretNotFound", ""), 404, "SecretNotFound", "no such secret"},
        {refusal(409, "Conflict", ""), 409, "Conflict", "deleted"},
        {HttpResponse{429, {{"Retry-After", "70"}}, ""}, 429, "rate_limited", "429"},
        {HttpResponse{.body = "<html>"}, 502, "unexpected_reply", ""},
        {Error{ErrorKind::kUnexpectedResponse, "not trusted"}, 502, "unexpected_reply", ""},
        {Error{ErrorKind::kCancelled, "gone"}, 499, "cancelled", ""},
    };
    for (const Row& row : rows) {
      const auto& [reply, status, code, detail] = row;
      CAPTURE(row.code);
      VaultApp app(Settings{{"AZF_SECRET_VALUES", "allow"}});
      app.http.add_reply(reply);
      const auto response = app.get("/api/secrets/db-password");
      CHECK(response.status == status);
      CHECK(response.headers.get("Content-Type") == "application/problem+json");
      CHECK(response.headers.get("Cache-Control") == "no-store");
      CHECK(json_body(response).value("code", "") == code);
      CHECK(json_body(response).value("detail", "").find(detail) != std::string::npos);
      CHECK(response.headers.has("Retry-After") == (status == 429));
    }
  }

  TEST_CASE("a vault that does not answer is left after 30 s, a caller that has gone is noticed") {
    VaultApp app;
    for (int i = 0; i < 5; ++i) app.http.add_reply(Error{ErrorKind::kTimeout, "late"});
    CHECK(app.get("/api/secrets/db-password").status == 504);
    const auto options = app.http.options();
    REQUIRE(!options.empty());
    // The fake clock has passed since by the waits between the tries.
    CHECK(options[0].deadline.remaining(app.clock) < std::chrono::seconds(30));
    CHECK(options[0].deadline.remaining(app.clock) > std::chrono::seconds(0));
    CHECK(options[0].cancelled != nullptr);
  }

  TEST_CASE("without a vault, or without a token, the caller is told what to set up") {
    const TestApp none;
    const auto response = none.get("/api/secrets/a");
    CHECK(response.status == 503);
    CHECK(json_body(response).value("code", "") == "not_configured");
    CHECK(json_body(response).value("detail", "").find("AZURE_KEY_VAULT_ENDPOINT") != std::string::npos);

    TestApp app(Settings{{kStandIn, "https://demo.vault.localhost"}});
    app.http.add_reply(HttpResponse{401,
                                    {{"WWW-Authenticate",
                                      "Bearer authorization=\"https://127.0.0.1/t\", "
                                      "resource=\"https://vault.localhost\""}},
                                    ""});
    app.credential.add_outcome(fake_refusal(ErrorKind::kCredentialUnavailable, "no identity"));
    const auto no_token = app.get("/api/secrets/a");
    CHECK(no_token.status == 503);
    CHECK(json_body(no_token).value("code", "") == "no_token");
  }
}
