#include "identity/bearer_transport.h"

#include "core/base64.h"
#include "identity/caching_credential.h"
#include "identity/credential_fixture.h"
#include "support/fake_credential.h"

#include <doctest/doctest.h>

namespace azf::identity {
namespace {

using test::CredentialFixture;
using test::FakeTransport;

const std::string kSecretUrl = "https://a.vault.azure.net/secrets/x";

HttpResponse unauthorized(const std::string& challenge) { return {401, {{"WWW-Authenticate", challenge}}, ""}; }

// A service that answers from a list, asked with the tokens `token-1`, `token-2`, ... of a cached credential.
struct BearerFixture : CredentialFixture {
  explicit BearerFixture(std::vector<FakeTransport::Reply> replies,
                         BearerOptions options = {.scopes = {test::kVaultScope}})
      : CredentialFixture(std::move(replies)) {
    auto owned = std::make_unique<test::FakeCredential>("FakeCredential", [this](const TokenRequestContext&, Deadline) {
      return test::fake_token("token-" + std::to_string(++issued_), clock.system_now() + std::chrono::hours(1));
    });
    source = owned.get();
    cache.emplace(std::move(owned), services());
    bearer.emplace(http, *cache, std::move(options), services());
  }

  Result<HttpResponse> send(const std::string& url = kSecretUrl, const std::string& body = "") {
    return bearer->send({.method = body.empty() ? Method::kGet : Method::kPut, .url = url, .body = body}, {});
  }
  [[nodiscard]] std::vector<std::string> authorizations() const {
    std::vector<std::string> values;
    for (const HttpRequest& request : http.requests()) {
      values.emplace_back(request.headers.get("authorization").value_or("none"));
    }
    return values;
  }

  test::FakeCredential* source = nullptr;
  std::optional<CachingCredential> cache;
  std::optional<BearerTransport> bearer;

 private:
  int issued_ = 0;
};

using Strings = std::vector<std::string>;

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("a request goes out with a token for the scopes, and the second one with the same") {
    BearerFixture f({HttpResponse{}, HttpResponse{}});
    CHECK(f.send());
    CHECK(f.send());
    CHECK(f.authorizations() == Strings{"Bearer token-1", "Bearer token-1"});
    CHECK(f.source->requests().front().scopes == Strings{test::kVaultScope});
    CHECK(f.source->requests().front().enable_cae);
  }

  TEST_CASE("I-63: a token is not sent over plain http, and does not follow a redirect") {
    BearerFixture f({HttpResponse{302, {{"Location", "https://elsewhere.example/"}}, ""}});
    const auto refused = f.send("http://a.vault.azure.net/");
    REQUIRE(!refused);
    CHECK(refused.error().kind == ErrorKind::kInvalidArgument);
    CHECK(f.http.requests().empty());
    CHECK(f.source->requests().empty());

    const auto redirected = f.send();
    REQUIRE(redirected);
    CHECK(redirected->status == 302);
    CHECK(f.http.requests().size() == 1);
  }

  TEST_CASE("I-64: claims in either Base64 cause exactly one resend, with a token that was asked for with them") {
    const std::string claims = R"({"access_token":{"nbf":{"essential":true,"value":"1600000000~?>"}}})";
    std::string url_safe = to_base64url(claims);
    CHECK(url_safe != to_base64(claims));  // or the test would show nothing
    for (const std::string& encoded : {to_base64(claims), url_safe}) {
      const auto challenge = unauthorized(R"(Bearer realm="", error="insufficient_claims", claims=")" + encoded + '"');
      BearerFixture f({challenge, HttpResponse{}, challenge, challenge});
      const auto response = f.send(kSecretUrl, "body");
      REQUIRE(response);
      CHECK(response->status == 200);
      CHECK(f.authorizations() == Strings{"Bearer token-1", "Bearer token-2"});
      CHECK(f.http.requests().back().body == "body");
      CHECK(f.source->requests().back().claims == claims);

      const auto refused = f.send();
      REQUIRE(refused);
      CHECK(refused->status == 401);
      CHECK(f.http.requests().size() == 4);
    }
  }

  TEST_CASE("claims that cannot be read are no reason to ask again") {
    for (const std::string claims : {"%%%", "bm8ganNvbg", ""}) {
      BearerFixture f({unauthorized("Bearer error=\"insufficient_claims\", claims=\"" + claims + '"')});
      const auto response = f.send();
      REQUIRE(response);
      CHECK(response->status == 401);
    }
  }

  TEST_CASE("I-65: a 401 without claims drops its token from the cache, and tells what to do") {
    BearerFixture f({unauthorized("Bearer error=\"invalid_token\""), HttpResponse{}});
    const auto response = f.send();
    REQUIRE(response);
    CHECK(response->status == 401);
    CHECK(f.sink.text().find("wrong_audience") != std::string::npos);
    CHECK(f.send());
    CHECK(f.authorizations() == Strings{"Bearer token-1", "Bearer token-2"});
  }

  TEST_CASE("a 403 keeps its token, and tells what to do") {
    BearerFixture f({HttpResponse{403, {}, ""}, HttpResponse{}});
    CHECK(f.send());
    CHECK(f.sink.text().find("missing_role") != std::string::npos);
    CHECK(f.send());
    CHECK(f.authorizations() == Strings{"Bearer token-1", "Bearer token-1"});
  }

  TEST_CASE("a resource challenge is answered once, without its body before, and remembered for the host") {
    BearerFixture f({unauthorized(R"(Bearer authorization="https://login.microsoftonline.com/)" + test::kTenant +
                                  R"(", resource="https://vault.azure.net")"),
                     HttpResponse{}, HttpResponse{}},
                    {.follow_resource_challenge = true});
    CHECK(f.send(kSecretUrl, "body"));
    CHECK(f.send(kSecretUrl, "body"));
    CHECK(f.authorizations() == Strings{"none", "Bearer token-1", "Bearer token-1"});
    CHECK(f.http.requests()[0].body.empty());
    CHECK(f.http.requests()[1].body == "body");
    CHECK(f.source->requests().front().scopes == Strings{test::kVaultScope});
    CHECK(f.source->requests().front().tenant_id == test::kTenant);
  }

  TEST_CASE("I-66: a resource is believed only by hosts below it") {
    struct Row {
      std::string url;
      std::string resource;
      bool believed;
    };
    const Row rows[] = {
        {"https://a.vault.azure.net/", "https://vault.azure.net", true},
        {"https://a.vault.azure.net/", "https://vault.azure.net/", true},
        {"https://a.b.vault.azure.net/", "https://vault.azure.net", true},
        {"https://evilvault.azure.net/", "https://vault.azure.net", false},
        {"https://vault.azure.net/", "https://vault.azure.net", false},
        {"https://vault.azure.net.evil.example/", "https://vault.azure.net", false},
        {"https://a.vault.azure.net/", "http://vault.azure.net", false},
        {"https://a.vault.azure.net/", "https://", false},
        {"https://a.vault.azure.net/", "vault.azure.net", false},
        {"https://a.vault.azure.net/", "https://management.azure.com", false},
    };
    for (const Row& row : rows) {
      CAPTURE(row.url);
      CAPTURE(row.resource);
      const auto challenge =
          unauthorized("Bearer authorization=https://login.microsoftonline.com/t, resource=" + row.resource);
      BearerFixture f({challenge, HttpResponse{}}, {.follow_resource_challenge = true});
      const auto response = f.send(row.url);
      REQUIRE(response);
      CHECK(response->status == (row.believed ? 200 : 401));
      CHECK(f.source->requests().size() == (row.believed ? 1 : 0));
    }
  }

  TEST_CASE("a token that cannot be had is an error of its kind, and nothing is sent") {
    BearerFixture f({});
    test::FakeCredential none("None", {test::fake_refusal(ErrorKind::kAuthenticationFailed, "refused")});
    BearerTransport bearer(f.http, none, {.scopes = {test::kVaultScope}}, f.services());
    const auto response = bearer.send({.url = kSecretUrl}, {});
    REQUIRE(!response);
    CHECK(response.error().kind == ErrorKind::kAuthenticationFailed);
  }
}

}  // namespace azf::identity
