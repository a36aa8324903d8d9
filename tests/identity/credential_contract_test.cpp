// What every credential promises, whatever its kind: one row of the table for each.

#include "identity/credential_factory.h"
#include "identity/credential_fixture.h"
#include "support/temporary_directory.h"

#include <doctest/doctest.h>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;
using test::CredentialFixture;
using test::FakeTransport;

struct Row {
  std::string name;
  void (*configure)(Environment&, const test::TemporaryDirectory&);
  bool has_secret = true;
};

void as_application(Environment& environment) {
  environment.set("AZURE_TENANT_ID", test::kTenant);
  environment.set("AZURE_CLIENT_ID", test::kClient);
}

const Row kRows[] = {
    {"ClientSecretCredential",
     [](Environment& e, const test::TemporaryDirectory&) {
       as_application(e);
       e.set("AZURE_CLIENT_SECRET", "secret-marker");
     }},
    {"EnvironmentCredential",
     [](Environment& e, const test::TemporaryDirectory&) {
       as_application(e);
       e.set("AZURE_CLIENT_SECRET", "secret-marker");
     }},
    {"WorkloadIdentityCredential",
     [](Environment& e, const test::TemporaryDirectory& directory) {
       as_application(e);
       e.set("AZURE_FEDERATED_TOKEN_FILE", directory.write("federated", "secret-marker"));
     }},
    {"ManagedIdentityCredential",
     [](Environment& e, const test::TemporaryDirectory&) {
       e.set("IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token");
       e.set("IDENTITY_HEADER", "secret-marker");
     }},
    {"ManagedIdentityCredential", [](Environment&, const test::TemporaryDirectory&) {}, false},
    {"DefaultAzureCredential",
     [](Environment& e, const test::TemporaryDirectory&) {
       e.set("IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token");
       e.set("IDENTITY_HEADER", "secret-marker");
     }},
};

std::unique_ptr<TokenCredential> create(const Row& row, CredentialFixture& f,
                                        const test::TemporaryDirectory& directory) {
  row.configure(f.environment, directory);
  auto created = create_credential(row.name, {}, f.services());
  REQUIRE(created);
  return std::move(*created);
}

// The message, the attempts and the log must not hold the planted secret, nor the planted token.
void check_nothing_leaked(const CredentialFixture& f, const TokenResult& result) {
  std::string said = f.sink.text();
  const std::vector<Attempt>& attempts = result ? (*result)->attempts : result.error().attempts;
  for (const Attempt& attempt : attempts) said += attempt.credential + attempt.reason;
  if (!result) said += result.error().message + result.error().correlation_id;
  CHECK(said.find("secret-marker") == std::string::npos);
  CHECK(said.find("token-marker") == std::string::npos);
}

const TokenRequestContext kVault{{test::kVaultScope}, "", ""};

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("I-5: every credential refuses to ask without a scope") {
    for (const Row& row : kRows) {
      CAPTURE(row.name);
      const test::TemporaryDirectory directory;
      CredentialFixture f(std::vector<FakeTransport::Reply>{});
      const auto credential = create(row, f, directory);
      for (const auto& scopes : {std::vector<std::string>{}, std::vector<std::string>{""}}) {
        const auto result = credential->get_token({scopes, "", ""}, Deadline::never());
        REQUIRE(!result);
        CHECK(result.error().kind == ErrorKind::kInvalidArgument);
        CHECK(result.error().message.find(row.name) == 0);
      }
      CHECK(f.http.requests().empty());
    }
  }

  TEST_CASE("every credential issues a token with its expiry, its name, and where it came from") {
    for (const Row& row : kRows) {
      CAPTURE(row.name);
      const test::TemporaryDirectory directory;
      CredentialFixture f([](const HttpRequest&) { return test::entra_token("token-marker", 7200); });
      const auto result = create(row, f, directory)->get_token(kVault, Deadline::never());
      REQUIRE(result);
      CHECK((*result)->token.expose() == "token-marker");
      CHECK((*result)->expires_on == f.clock.system_now() + 2h);
      CHECK((*result)->refresh_on == f.clock.system_now() + 1h);
      REQUIRE(!(*result)->attempts.empty());
      CHECK((*result)->attempts.back().credential == (*result)->credential);
      CHECK((*result)->attempts.back().outcome == AttemptOutcome::kSucceeded);
      CHECK(!(*result)->attempts.back().reason.empty());
      check_nothing_leaked(f, result);
    }
  }

  TEST_CASE("I-9: every credential names each request by a GUID") {
    for (const Row& row : kRows) {
      CAPTURE(row.name);
      const test::TemporaryDirectory directory;
      CredentialFixture f([](const HttpRequest&) { return test::entra_token("token-marker"); });
      REQUIRE(create(row, f, directory)->get_token(kVault, Deadline::never()));
      for (const HttpRequest& request : f.http.requests()) {
        CHECK(request.headers.get("client-request-id") == "00000000-0000-4000-8000-000000000001");
      }
    }
  }

  TEST_CASE("I-67: no credential gives its secret or a token away, whatever comes back") {
    const FakeTransport::Reply replies[] = {
        HttpResponse{200, {}, "token-marker"},
        HttpResponse{200, {}, R"({"access_token":"token-marker"})"},
        HttpResponse{200, {}, R"({"access_token":"token-marker","expires_in":"token-marker"})"},
        HttpResponse{200, {}, R"({"access_token":"token-marker","expires_in":3599)"},
        HttpResponse{200, {}, R"({"access_token":"token-marker","expires_in":3599,"token_type":"token-marker"})"},
        HttpResponse{302, {{"Location", "https://elsewhere/token-marker"}}, "token-marker"},
        test::json_reply(400, R"({"error":"secret-marker","error_description":"AADSTS1: got secret-marker",)"
                              R"("trace_id":"secret-marker","correlation_id":"secret-marker"})"),
        test::json_reply(401, R"({"message":"wrong header secret-marker"})"),
        HttpResponse{403, {}, "<html>secret-marker unreachable</html>"},
        test::json_reply(500, R"({"error":{"code":"secret-marker","message":"secret-marker"}})"),
        Error{ErrorKind::kTransport, "proxy said secret-marker"},
    };
    for (const Row& row : kRows) {
      for (const auto& reply : replies) {
        CAPTURE(row.name);
        CAPTURE((reply ? reply->body : reply.error().message));
        const test::TemporaryDirectory directory;
        CredentialFixture f([&](const HttpRequest&) { return reply; });
        const auto result = create(row, f, directory)->get_token(kVault, Deadline::never());
        REQUIRE(!result);
        REQUIRE(!result.error().attempts.empty());
        if (row.has_secret) check_nothing_leaked(f, result);  // IMDS knows none: what it says is its own
      }
    }
  }

  TEST_CASE("every credential keeps the caller's deadline") {
    for (const Row& row : kRows) {
      CAPTURE(row.name);
      const test::TemporaryDirectory directory;
      CredentialFixture f([](const HttpRequest&) { return test::json_reply(503, "{}"); });
      const auto credential = create(row, f, directory);
      const SteadyTime begin = f.clock.steady_now();
      const auto result = credential->get_token(kVault, Deadline::after(f.clock, 2s));
      REQUIRE(!result);
      CHECK(f.clock.steady_now() - begin <= 2s);

      f.clock.advance(10s);
      const auto before = f.http.requests().size();
      const auto late = credential->get_token(kVault, Deadline::after(f.clock, 0s));
      REQUIRE(!late);
      CHECK(late.error().kind == ErrorKind::kTimeout);
      CHECK(f.http.requests().size() == before);
    }
  }
}

}  // namespace azf::identity
