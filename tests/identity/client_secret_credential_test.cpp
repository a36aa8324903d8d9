#include "identity/client_secret_credential.h"

#include "identity/credential_fixture.h"

#include <doctest/doctest.h>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;
using test::CredentialFixture;
using test::FakeTransport;

ClientSecretOptions options() {
  ClientSecretOptions options;
  options.tenant_id = test::kTenant;
  options.client_id = test::kClient;
  options.client_secret = Secret("test-secret");
  return options;
}

std::unique_ptr<TokenCredential> create(CredentialFixture& f, ClientSecretOptions with = options()) {
  auto created = create_client_secret_credential(std::move(with), f.services());
  REQUIRE(created);
  return std::move(*created);
}

TokenResult get(TokenCredential& credential, std::string tenant = "", std::string claims = "") {
  return credential.get_token({{test::kVaultScope}, std::move(tenant), std::move(claims)}, Deadline::never());
}

const Error kRefusedConnection{ErrorKind::kTransport, "connection refused"};

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("a client secret is exchanged for a token") {
    CredentialFixture f({test::entra_token("token-1")});
    const auto result = get(*create(f));
    REQUIRE(result);
    CHECK((*result)->token.expose() == "token-1");
    CHECK((*result)->expires_on == f.clock.system_now() + 3599s);
    CHECK((*result)->credential == "ClientSecretCredential");
    const Attempt expected{.credential = "ClientSecretCredential",
                           .outcome = AttemptOutcome::kSucceeded,
                           .source = "client secret of application " + test::kClient + " in tenant " + test::kTenant,
                           .looked_for = "a tenant, a client id and a client secret",
                           .reason = "a token"};
    CHECK((*result)->attempts == std::vector<Attempt>{expected});

    REQUIRE(f.http.requests().size() == 1);
    const HttpRequest request = f.http.requests().front();
    CHECK(request.url == "https://login.microsoftonline.com/" + test::kTenant + "/oauth2/v2.0/token");
    CHECK(test::fields_of(request.body) == std::map<std::string, std::string>{{"client_id", test::kClient},
                                                                              {"client_secret", "test-secret"},
                                                                              {"grant_type", "client_credentials"},
                                                                              {"scope", test::kVaultScope}});
    const SendOptions sent = f.http.options().front();
    CHECK(!sent.allow_plain_http);
    CHECK(sent.use_proxy);
  }

  TEST_CASE("I-1, I-2: what cannot be right is refused before anything is sent") {
    struct Row {
      std::string name;
      void (*spoil)(ClientSecretOptions&);
    };
    const Row rows[] = {
        {"no tenant", [](ClientSecretOptions& o) { o.tenant_id.clear(); }},
        {"tenant with a path", [](ClientSecretOptions& o) { o.tenant_id = "bad tenant/../x"; }},
        {"tenant of all", [](ClientSecretOptions& o) { o.tenant_id = "Organizations"; }},
        {"no client", [](ClientSecretOptions& o) { o.client_id.clear(); }},
        {"no secret", [](ClientSecretOptions& o) { o.client_secret = Secret(); }},
        {"plain http", [](ClientSecretOptions& o) { o.authority_host = "http://login.stack.example"; }},
    };
    for (const Row& row : rows) {
      CAPTURE(row.name);
      CredentialFixture f(std::vector<FakeTransport::Reply>{});
      auto with = options();
      row.spoil(with);
      const auto created = create_client_secret_credential(std::move(with), f.services());
      REQUIRE(!created);
      CHECK(created.error().kind == ErrorKind::kInvalidArgument);
    }
  }

  TEST_CASE("I-6: a tenant that is not allowed is refused by name, an allowed one is asked") {
    CredentialFixture f({test::entra_token("token-1")});
    auto with = options();
    with.additionally_allowed_tenants = {"CONTOSO.onmicrosoft.com"};
    const auto credential = create(f, std::move(with));

    const auto denied = get(*credential, "99999999-9999-4999-8999-999999999999");
    REQUIRE(!denied);
    CHECK(denied.error().kind == ErrorKind::kAuthenticationFailed);
    CHECK(denied.error().message.find("ClientSecretCredential: ") == 0);
    CHECK(denied.error().message.find("99999999-9999-4999-8999-999999999999") != std::string::npos);
    CHECK(f.http.requests().empty());

    CHECK(denied.error().attempts.front().code == "tenant_not_allowed");

    CHECK(get(*credential, "contoso.onmicrosoft.com"));
    CHECK(f.http.requests().front().url ==
          "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token");
  }

  TEST_CASE("I-60: claims are sent") {
    CredentialFixture f({test::entra_token("token-1")});
    CHECK(get(*create(f), "", R"({"access_token":{}})"));
    CHECK(test::fields_of(f.http.requests().front().body).at("claims") == R"({"access_token":{}})");
  }

  TEST_CASE("I-64: a caller who answers challenges gets the capability merged into their claims") {
    CredentialFixture f({test::entra_token("token-1"), test::entra_token("token-2")});
    const auto credential = create(f);
    CHECK(credential->get_token({{test::kVaultScope}, "", R"({"access_token":{"nbf":{"value":"1"}}})", true},
                                Deadline::never()));
    CHECK(credential->get_token({{test::kVaultScope}, "", "", true}, Deadline::never()));
    CHECK(test::fields_of(f.http.requests().at(0).body).at("claims") ==
          R"({"access_token":{"nbf":{"value":"1"},"xms_cc":{"values":["CP1"]}}})");
    CHECK(test::fields_of(f.http.requests().at(1).body).at("claims") ==
          R"({"access_token":{"xms_cc":{"values":["CP1"]}}})");
  }

  TEST_CASE("claims that are no JSON object are a wrong argument, and nothing is sent") {
    CredentialFixture f(std::vector<FakeTransport::Reply>{});
    const auto result = get(*create(f), "", "marker");
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kInvalidArgument);
    CHECK(result.error().attempts.front().code == "invalid_request");
    CHECK(result.error().message.find("marker") == std::string::npos);
  }

  TEST_CASE("I-15: a wrong secret is a failure after one request, with code, ids and advice") {
    CredentialFixture f({test::entra_refusal(401, 7000215, "invalid_client")});
    const auto result = get(*create(f));
    REQUIRE(!result);
    const CredentialError& error = result.error();
    CHECK(error.kind == ErrorKind::kAuthenticationFailed);
    CHECK(error.status == 401);
    CHECK(error.error_codes == std::vector<int>{7000215});
    CHECK(error.correlation_id == "correlation-6");
    for (const std::string part : {"ClientSecretCredential: POST https://login.microsoftonline.com/", "answered 401",
                                   "AADSTS7000215", "trace-5", "correlation-6", "not its id"}) {
      CAPTURE(part);
      CHECK(error.message.find(part) != std::string::npos);
    }
    REQUIRE(error.attempts.size() == 1);
    const Attempt& attempt = error.attempts.front();
    CHECK(attempt.outcome == AttemptOutcome::kFailed);
    CHECK(attempt.code == "AADSTS7000215");
    CHECK(attempt.source == "client secret of application " + test::kClient + " in tenant " + test::kTenant);
    CHECK(attempt.looked_for == "a tenant, a client id and a client secret");
    CHECK(attempt.next_step == "use the secret's value, not its id");
    CHECK(f.http.requests().size() == 1);
  }

  TEST_CASE("I-16: throttling is waited out, by seconds or by date") {
    for (const std::string retry_after : {"2", "Fri, 02 Jan 2026 03:04:07 GMT"}) {
      CAPTURE(retry_after);
      HttpResponse throttled = test::json_reply(429, R"({"error":"temporarily_throttled"})");
      throttled.headers.add("Retry-After", retry_after);
      CredentialFixture f({throttled, test::entra_token("token-1")});
      CHECK(get(*create(f)));
      REQUIRE(f.clock.sleeps().size() == 1);
      CHECK(f.clock.sleeps().front() >= 2s);
      CHECK(f.http.requests().size() == 2);
    }
  }

  TEST_CASE("I-3, I-17: a failing service is asked four times, a refusing or redirecting one once") {
    struct Row {
      FakeTransport::Reply reply;
      std::size_t requests;
    };
    const Row rows[] = {
        {test::json_reply(500, R"({"error":"server_error"})"), 4},
        {HttpResponse{502, {}, "<html>marker</html>"}, 4},
        {test::json_reply(429, "{}"), 4},
        {kRefusedConnection, 4},
        {test::json_reply(400, R"({"error":"invalid_scope"})"), 1},
        {HttpResponse{401, {}, ""}, 1},
        {test::json_reply(403, "{}"), 1},
        {test::json_reply(404, R"({"error":"not_found"})"), 1},
        {HttpResponse{302, {{"Location", "https://elsewhere/marker"}}, ""}, 1},
        {test::json_reply(201, R"({"access_token":"marker","expires_in":3599})"), 1},
        {HttpResponse{200, {}, "<html>marker</html>"}, 1},
    };
    for (const Row& row : rows) {
      CAPTURE(row.reply.has_value() ? row.reply->status : 0);
      CredentialFixture f([&](const HttpRequest&) { return row.reply; });
      const auto result = get(*create(f));
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
      CHECK(result.error().status == (row.reply ? row.reply->status : 0));
      CHECK(result.error().message.find("marker") == std::string::npos);
      CHECK(f.http.requests().size() == row.requests);
    }
  }

  TEST_CASE("I-20: AD FS is asked at its own path") {
    CredentialFixture f({test::entra_token("token-1")});
    auto with = options();
    with.tenant_id = "adfs";
    with.authority_host = "https://adfs.stack.example/";
    CHECK(get(*create(f, std::move(with))));
    CHECK(f.http.requests().front().url == "https://adfs.stack.example/adfs/oauth2/token");
  }
}

}  // namespace azf::identity
