#include "azure/key_vault_client.h"

#include "azure/service_fixture.h"

#include <doctest/doctest.h>

#include <atomic>

namespace azf::azure {
namespace {

using test::FakeTransport;
using test::json_reply;
using test::ServiceFixture;
using Strings = std::vector<std::string>;

constexpr auto kSecretBody = R"({"value":"s3cr3t-v@lue","contentType":"text/plain",
  "id":"https://v.vault.azure.net/secrets/db-password/0123456789abcdef0123456789abcdef",
  "attributes":{"enabled":true,"created":1700000000,"updated":1700000001,"nbf":1700000002,"exp":1900000000,
                "recoveryLevel":"Recoverable+Purgeable","recoverableDays":90},"tags":{"owner":"ops"}})";

HttpResponse challenge(const std::string& resource = "https://vault.azure.net") {
  return {401,
          {{"WWW-Authenticate", "Bearer authorization=\"https://login.microsoftonline.com/" + test::kTenant +
                                    "\", resource=\"" + resource + "\""}},
          R"({"error":{"code":"Unauthorized","message":"AKV10000: Request is missing a Bearer or PoP token."}})"};
}

HttpResponse refusal(int status, const std::string& code, const std::string& inner, const std::string& message = "no") {
  return json_reply(status, R"({"error":{"code":")" + code + R"(","message":")" + message +
                                R"(","innererror":{"code":")" + inner + R"("}}})");
}

struct VaultFixture : ServiceFixture {
  using ServiceFixture::ServiceFixture;

  KeyVaultClient client() { return {connections.connect(KeyVault::description()), vault, clock}; }
  ServiceError error_of(const std::string& name = "db-password") {
    const auto secret = client().get_secret(name, "", {});
    REQUIRE(!secret);
    return secret.error();
  }

  const KeyVault vault{"https://v.vault.azure.net"};
};

std::vector<FakeTransport::Reply> after_challenge(std::vector<FakeTransport::Reply> replies) {
  replies.insert(replies.begin(), challenge());
  return replies;
}

// A vault whose first reply is its challenge.
struct KnownVaultFixture : VaultFixture {
  explicit KnownVaultFixture(std::vector<FakeTransport::Reply> replies)
      : VaultFixture(after_challenge(std::move(replies))) {}
};

}  // namespace

TEST_SUITE("azure") {
  TEST_CASE("S-14: the vault's challenge costs one request more at the first use, and none afterwards") {
    VaultFixture f({challenge(), json_reply(200, kSecretBody), json_reply(200, kSecretBody)});
    const auto secret = f.client().get_secret("db-password", "", {});
    REQUIRE(secret);
    CHECK(secret->value.expose() == "s3cr3t-v@lue");
    const auto at = [](int seconds) { return SystemTime(std::chrono::seconds(seconds)); };
    CHECK(secret->properties == SecretProperties{.name = "db-password",
                                                 .version = "0123456789abcdef0123456789abcdef",
                                                 .enabled = true,
                                                 .created = at(1700000000),
                                                 .updated = at(1700000001),
                                                 .expires = at(1900000000),
                                                 .not_before = at(1700000002),
                                                 .content_type = "text/plain",
                                                 .tags = {{"owner", "ops"}}});
    CHECK(f.http.requests().size() == 2);

    CHECK(f.client().get_secret("db-password", "abc1", {}));
    CHECK(f.urls() == Strings{"https://v.vault.azure.net/secrets/db-password?api-version=2025-07-01",
                              "https://v.vault.azure.net/secrets/db-password?api-version=2025-07-01",
                              "https://v.vault.azure.net/secrets/db-password/abc1?api-version=2025-07-01"});
    const std::string scope = " for https://vault.azure.net/.default";
    CHECK(f.authorizations() == Strings{"none", "Bearer token-1" + scope, "Bearer token-2" + scope});
    CHECK(f.credential.requests().front().tenant_id == test::kTenant);
  }

  TEST_CASE("S-14: what is put comes whole with the second request, and the challenged one has no body") {
    VaultFixture f({challenge(), HttpResponse{}, HttpResponse{}});
    auto& connection = f.connections.connect(KeyVault::description());
    const HttpRequest put{.method = Method::kPut, .url = f.vault.url + "/secrets/x", .body = R"({"value":"v"})"};
    CHECK(connection.send(put, {}));
    CHECK(connection.send(put, {}));
    REQUIRE(f.http.requests().size() == 3);
    CHECK(f.http.requests()[0].body.empty());
    CHECK(f.http.requests()[1].body == put.body);
    CHECK(f.http.requests()[2].body == put.body);
  }

  TEST_CASE("S-14: a challenge for a resource that does not own the host is refused, and no token asked for") {
    for (const std::string resource :
         {"https://evilvault.azure.net", "https://management.azure.com", "http://vault.azure.net"}) {
      CAPTURE(resource);
      VaultFixture f({challenge(resource)});
      const auto error = f.error_of();
      CHECK(error.kind == ServiceErrorKind::kUnauthorized);
      CHECK(error.message.find("AZURE_KEY_VAULT_ENDPOINT") != std::string::npos);
      CHECK(f.credential.requests().empty());
      CHECK(f.http.requests().size() == 1);
    }
  }

  TEST_CASE("a secret may have neither value type, tags nor times") {
    KnownVaultFixture f({json_reply(200, R"({"value":"","id":"https://v.vault.azure.net/secrets/a/1"})")});
    const auto secret = f.client().get_secret("a", "", {});
    REQUIRE(secret);
    CHECK(secret->value.empty());
    CHECK(secret->properties == SecretProperties{.name = "a", .version = "1"});
  }

  TEST_CASE("names and versions that are none are refused before anything is sent") {
    VaultFixture f(std::vector<FakeTransport::Reply>{});
    for (const std::string& name : {std::string(), std::string("a/b"), std::string("a.b"), std::string("ä"),
                                    std::string("a_b"), std::string("a?x"), std::string(128, 'a')}) {
      CAPTURE(name);
      CHECK(f.error_of(name).kind == ServiceErrorKind::kInvalidRequest);
    }
    const auto secret = f.client().get_secret("a", "../b", {});
    REQUIRE(!secret);
    CHECK(secret.error().kind == ServiceErrorKind::kInvalidRequest);
    CHECK(f.http.requests().empty());
    CHECK(is_secret_name(std::string(127, 'a')));
  }

  TEST_CASE("each refusal of a vault has its kind, its code and what to do") {
    struct Row {
      HttpResponse reply;
      ServiceErrorKind kind;
      std::string code;
      std::string advice;
    };
    const Row rows[] = {
        {refusal(401, "Unauthorized", "", "AKV10032: Invalid issuer."), ServiceErrorKind::kUnauthorized, "Unauthorized",
         "another tenant"},
        {refusal(401, "Unauthorized", ""), ServiceErrorKind::kUnauthorized, "Unauthorized", "token-status"},
        {refusal(403, "Forbidden", "ForbiddenByRbac"), ServiceErrorKind::kForbidden, "ForbiddenByRbac",
         "Key Vault Secrets User"},
        {refusal(403, "Forbidden", "ForbiddenByPolicy"), ServiceErrorKind::kForbidden, "ForbiddenByPolicy",
         "access policies"},
        {refusal(403, "Forbidden", "ForbiddenByFirewall"), ServiceErrorKind::kForbidden, "ForbiddenByFirewall",
         "firewall"},
        {refusal(403, "Forbidden", "SecretDisabled"), ServiceErrorKind::kConflict, "SecretDisabled", "enable it"},
        {refusal(403, "Forbidden", ""), ServiceErrorKind::kForbidden, "Forbidden", "Key Vault Secrets User"},
        {refusal(404, "SecretNotFound", ""), ServiceErrorKind::kNotFound, "SecretNotFound", "no such secret"},
        {refusal(409, "Conflict", "ObjectIsDeletedButRecoverable"), ServiceErrorKind::kConflict, "Conflict", "deleted"},
        {HttpResponse{200, {}, "<html>"}, ServiceErrorKind::kUnexpectedReply, "unexpected_reply", "not valid JSON"},
        {json_reply(200, "{}"), ServiceErrorKind::kUnexpectedReply, "unexpected_reply", "no value"},
        {json_reply(200, R"({"value":"s3cr3t-v@lue"})"), ServiceErrorKind::kUnexpectedReply, "unexpected_reply",
         "\"id\""},
        {json_reply(200, R"({"value":"s3cr3t-v@lue","id":"https://v/keys/a"})"), ServiceErrorKind::kUnexpectedReply,
         "unexpected_reply", "not that of a secret"},
        {json_reply(200, R"({"value":7,"id":"https://v/secrets/a"})"), ServiceErrorKind::kUnexpectedReply,
         "unexpected_reply", "must be a string"},
    };
    for (const Row& row : rows) {
      const auto& [reply, kind, code, advice] = row;
      CAPTURE(row.advice);
      KnownVaultFixture f({reply});
      const auto error = f.error_of();
      CHECK(error.kind == kind);
      CHECK(error.code == code);
      CHECK(error.message.find(advice) != std::string::npos);
      CHECK(error.message.find("s3cr3t") == std::string::npos);
      CHECK(f.sink.text().find("s3cr3t") == std::string::npos);
    }
  }

  TEST_CASE("a throttled vault is asked again after 1, 2 and 4 s, or as long as it says") {
    KnownVaultFixture f({HttpResponse{429}, HttpResponse{429}, HttpResponse{429, {{"Retry-After", "7"}}, ""},
                         json_reply(200, kSecretBody)});
    CHECK(f.client().get_secret("db-password", "", {}));
    using namespace std::chrono_literals;
    CHECK(f.clock.sleeps() == std::vector<std::chrono::nanoseconds>{800ms, 1600ms, 7s});  // with the least jitter

    KnownVaultFixture g({HttpResponse{429, {{"Retry-After", "90"}}, ""}});
    const auto error = g.error_of();
    CHECK(error.kind == ServiceErrorKind::kRateLimited);
    CHECK(error.retry_after == 90s);
  }

  TEST_CASE("the deadline and the wish to cancel reach the transport, and their failures have kinds of their own") {
    using namespace std::chrono_literals;
    KnownVaultFixture f({Error{ErrorKind::kCancelled, "gone"}, Error{ErrorKind::kTimeout, "late"}});
    const std::atomic<bool> gone = true;
    const CallOptions options{.deadline = Deadline::after(f.clock, 100ms),
                              .cancelled = [&gone] { return gone.load(); }};
    auto secret = f.client().get_secret("a", "", options);
    REQUIRE(!secret);
    CHECK(secret.error().kind == ServiceErrorKind::kCancelled);
    REQUIRE(f.http.options().size() == 2);
    for (const SendOptions& sent : f.http.options()) {
      CHECK(sent.deadline.remaining(f.clock) == 100ms);
      CHECK(sent.cancelled());
    }
    // Another try would begin after the deadline.
    secret = f.client().get_secret("a", "", options);
    REQUIRE(!secret);
    CHECK(secret.error().kind == ServiceErrorKind::kTimeout);
  }

  TEST_CASE("a token that cannot be had is an error of its own") {
    KnownVaultFixture f({});
    test::FakeCredential none("None", {test::fake_refusal(ErrorKind::kCredentialUnavailable, "no identity")});
    ServiceConnections connections(f.http, none, f.services());
    const auto secret =
        KeyVaultClient(connections.connect(KeyVault::description()), f.vault, f.clock).get_secret("a", "", {});
    REQUIRE(!secret);
    CHECK(secret.error().kind == ServiceErrorKind::kNoToken);
  }

  TEST_CASE("lists the names of all pages, an empty one among them") {
    KnownVaultFixture f(
        {json_reply(200, R"({"value":[{"id":"https://v.vault.azure.net/secrets/a","attributes":{}}],)"
                         R"("nextLink":"https://v.vault.azure.net/secrets?api-version=2025-07-01&$skiptoken=1"})"),
         json_reply(
             200, R"({"value":[],"nextLink":"https://v.vault.azure.net/secrets?api-version=2025-07-01&$skiptoken=2"})"),
         json_reply(200, R"({"value":[{"id":"https://v.vault.azure.net/secrets/b"}],"nextLink":null})")});
    const auto names = f.client().list_secret_names({});
    REQUIRE(names);
    CHECK(*names == Strings{"a", "b"});
    CHECK(f.urls() == Strings{"https://v.vault.azure.net/secrets?api-version=2025-07-01",
                              "https://v.vault.azure.net/secrets?api-version=2025-07-01",
                              "https://v.vault.azure.net/secrets?api-version=2025-07-01&$skiptoken=1",
                              "https://v.vault.azure.net/secrets?api-version=2025-07-01&$skiptoken=2"});
  }

  TEST_CASE("S-15: a next page of names on another host is refused, and not asked for") {
    KnownVaultFixture f({json_reply(200, R"({"value":[],"nextLink":"https://evil.example/secrets"})")});
    const auto names = f.client().list_secret_names({});
    REQUIRE(!names);
    CHECK(names.error().kind == ServiceErrorKind::kUnexpectedReply);
    CHECK(f.http.requests().size() == 2);
  }

  TEST_CASE("a vault whose pages have no end is left at some point") {
    ServiceFixture f([](const HttpRequest& request) {
      return json_reply(200, R"({"value":[],"nextLink":")" + request.url + R"("})");
    });
    const KeyVault vault{"https://v.vault.azure.net"};
    CHECK(KeyVaultClient(f.connections.connect(KeyVault::description()), vault, f.clock).list_secret_names({}));
    CHECK(f.http.requests().size() == 400);
  }

  TEST_CASE("the endpoint of the vault is that of the setting, or the stand-in's") {
    Environment environment;
    CHECK(!load_key_vault(environment));
    environment.set("AZF_DEMO_AZURE_KEY_VAULT_ENDPOINT", "https://127.0.0.1:9");
    CHECK(load_key_vault(environment).value() == KeyVault{"https://127.0.0.1:9", true});
    environment.set("AZURE_KEY_VAULT_ENDPOINT", "https://v.vault.azure.net/");
    CHECK(load_key_vault(environment).value() == KeyVault{"https://v.vault.azure.net", false});
  }
}

}  // namespace azf::azure
