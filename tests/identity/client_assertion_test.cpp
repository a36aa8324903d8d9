#include "identity/client_assertion.h"

#include "core/base64.h"
#include "core/json.h"
#include "core/time_text.h"
#include "identity/application_certificate.h"

#include <doctest/doctest.h>

namespace azf::identity {
namespace {

using test::application_certificate;

struct Jwt {
  Json header;
  Json payload;
  std::string signed_text;
  std::string signature;
};

Jwt taken_apart(std::string_view jwt) {
  const auto first = jwt.find('.');
  const auto second = jwt.find('.', first + 1);
  REQUIRE(second != std::string_view::npos);
  return {*parse_json(*from_base64url(jwt.substr(0, first))),
          *parse_json(*from_base64url(jwt.substr(first + 1, second - first - 1))), std::string(jwt.substr(0, second)),
          *from_base64url(jwt.substr(second + 1))};
}

Certificate certificate_with_issuer() {
  const auto& made = application_certificate();
  auto loaded = load_certificate(made.issuer + made.key + made.certificate, Secret());
  REQUIRE(loaded);
  return std::move(*loaded);
}

AssertionStatement statement() {
  AssertionStatement statement;
  statement.audience = "https://login.example/t/oauth2/v2.0/token";
  statement.client_id = "client-1";
  statement.id = "guid-1";
  statement.now = *parse_rfc3339("2026-01-02T03:04:05.9Z");
  return statement;
}

const Json kPayload = {{"aud", "https://login.example/t/oauth2/v2.0/token"},
                       {"iss", "client-1"},
                       {"sub", "client-1"},
                       {"jti", "guid-1"},
                       {"nbf", 1767323045},
                       {"iat", 1767323045},
                       {"exp", 1767323645}};

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("I-19: the assertion is signed with PS256, names the certificate by SHA-256, and lives ten minutes") {
    const auto& made = application_certificate();
    const auto assertion = client_assertion(certificate_with_issuer(), statement());
    REQUIRE(assertion);
    const Jwt jwt = taken_apart(assertion->expose());
    CHECK(jwt.header == Json{{"alg", "PS256"},
                             {"typ", "JWT"},
                             {"x5t#S256", to_base64url(test::sha256_of(test::der_of_pem(made.certificate)))}});
    CHECK(jwt.payload == kPayload);
    CHECK(test::verifies(made.certificate, "PS256", jwt.signed_text, jwt.signature));
  }

  TEST_CASE("I-20: for AD FS the assertion is signed with RS256, and names the certificate by SHA-1") {
    const auto& made = application_certificate();
    auto with = statement();
    with.algorithm = Certificate::Algorithm::kRs256;
    const auto assertion = client_assertion(certificate_with_issuer(), with);
    REQUIRE(assertion);
    const Jwt jwt = taken_apart(assertion->expose());
    CHECK(jwt.header == Json{{"alg", "RS256"},
                             {"typ", "JWT"},
                             {"x5t", to_base64url(test::sha1_of(test::der_of_pem(made.certificate)))}});
    CHECK(jwt.payload == kPayload);
    CHECK(test::verifies(made.certificate, "RS256", jwt.signed_text, jwt.signature));
  }

  TEST_CASE("I-21: the chain is every certificate in Base64, that of the application first") {
    const auto& made = application_certificate();
    auto with = statement();
    with.with_chain = true;
    const auto assertion = client_assertion(certificate_with_issuer(), with);
    REQUIRE(assertion);
    CHECK(taken_apart(assertion->expose()).header["x5c"] ==
          Json::array({to_base64(test::der_of_pem(made.certificate)), to_base64(test::der_of_pem(made.issuer))}));
  }
}

}  // namespace azf::identity
