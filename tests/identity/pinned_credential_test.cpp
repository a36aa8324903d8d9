#include "identity/pinned_credential.h"

#include "core/base64.h"
#include "identity/credential_fixture.h"
#include "support/fake_credential.h"

#include <doctest/doctest.h>

namespace azf::identity {
namespace {

const std::string kPrincipal = "33333333-3333-4333-8333-333333333333";

std::string token_with(const std::string& payload) { return "e30." + to_base64url(payload) + ".c2lnbmF0dXJl"; }

const std::string kToken = token_with(R"({"tid":")" + test::kTenant + R"(","oid":")" + kPrincipal + R"(","appid":")" +
                                      test::kClient + R"("})");

struct PinFixture : test::CredentialFixture {
  explicit PinFixture(const std::string& pin) : CredentialFixture(std::vector<test::FakeTransport::Reply>{}) {
    environment.set("AZF_IDENTITY_PIN", pin);
  }

  Result<std::unique_ptr<TokenCredential>> apply(const std::string& token) {
    return apply_identity_pin(std::make_unique<test::FakeCredential>(
                                  "FakeCredential", std::vector<TokenResult>{test::fake_token(
                                                        token, clock.system_now() + std::chrono::hours(1))}),
                              services());
  }
  TokenResult get(const std::string& token) {
    const auto pinned = apply(token);
    REQUIRE(pinned);
    return (*pinned)->get_token({.scopes = {test::kVaultScope}}, Deadline::never());
  }
};

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("the pinned identity gets its tokens, by object id or application id") {
    for (const std::string& principal : {kPrincipal, test::kClient}) {
      PinFixture f(test::kTenant + "/" + principal);
      CHECK(f.get(kToken));
    }
    PinFixture none("");
    CHECK(none.get("not a JWT"));
  }

  TEST_CASE("any other identity is refused, and the error names both") {
    const std::string other = "99999999-9999-4999-8999-999999999999";
    struct Row {
      std::string pin;
      std::string token;
      std::string has;
    };
    const Row rows[] = {
        {test::kTenant + "/" + other, kToken,
         test::kTenant + "/" + kPrincipal + " (application " + test::kClient + ")"},
        {other + "/" + kPrincipal, kToken, test::kTenant + "/" + kPrincipal},
        {test::kTenant + "/" + kPrincipal, "not a JWT", "unknown tenant/unknown principal"},
        {test::kTenant + "/" + kPrincipal, token_with(R"({"tid":")" + test::kTenant + R"("})"),
         test::kTenant + "/unknown principal"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.pin);
      PinFixture f(row.pin);
      const auto result = f.get(row.token);
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
      CHECK(result.error().message.find("the token is for " + row.has) != std::string::npos);
      CHECK(result.error().message.find("allows " + row.pin + " only") != std::string::npos);
      CHECK(result.error().message.find(row.token) == std::string::npos);
      CHECK(result.error().attempts.back().code == "identity_pinned");
      CHECK(result.error().attempts.size() == 2);
    }
  }

  TEST_CASE("a pin of another shape is refused before any token is asked for") {
    for (const std::string pin : {"contoso.com", "contoso.com/x", "/", "11111111-1111-4111-8111-111111111111",
                                  "11111111-1111-4111-8111-111111111111/", "*/22222222-2222-4222-8222-222222222222"}) {
      CAPTURE(pin);
      PinFixture f(pin);
      const auto pinned = f.apply(kToken);
      REQUIRE(!pinned);
      CHECK(pinned.error().kind == ErrorKind::kInvalidArgument);
      CHECK(pinned.error().message.find("AZF_IDENTITY_PIN is " + pin) != std::string::npos);
    }
  }
}

}  // namespace azf::identity
