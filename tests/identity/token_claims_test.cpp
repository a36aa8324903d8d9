#include "identity/token_claims.h"

#include "core/base64.h"

#include <doctest/doctest.h>

namespace azf::identity {
namespace {

std::string token_of(std::string_view payload) { return "e30." + to_base64url(payload) + ".c2ln"; }

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("the claims of a token of either version are read for display") {
    CHECK(read_token_claims(token_of(R"({"tid":"t","oid":"o","sub":"s","appid":"a","aud":"https://vault"})")) ==
          TokenClaims{"t", "o", "a", "https://vault"});
    CHECK(read_token_claims(token_of(R"({"tid":"t","sub":"s","azp":"z","aud":"u"})")) ==
          TokenClaims{"t", "s", "z", "u"});
    CHECK(read_token_claims(token_of(R"({"tid":5,"aud":["a"],"oid":null})")) == TokenClaims{});
    CHECK(read_token_claims(token_of("{\"tid\":\"\\u001b[1m\"}")).tenant_id == "\\u001b[1m");
  }

  TEST_CASE("a token that is not a JWT gives no claims") {
    const std::string payload = to_base64url(R"({"tid":"t"})");
    const std::string tokens[] = {"",
                                  "opaque",
                                  ".",
                                  "..",
                                  "a.b",
                                  "a." + payload,
                                  "a." + payload + ".c.d",
                                  "a." + payload + "=.c",
                                  "a." + payload + "AA.c",
                                  "a.+/+/.c",
                                  "a.e31.c",  // a stray bit after `{}`
                                  token_of("not json"),
                                  token_of("[]"),
                                  token_of("\xff\xfe"),
                                  token_of(std::string(100'000, '['))};
    for (const std::string& token : tokens) {
      CAPTURE(token.substr(0, 40));
      CHECK(read_token_claims(token) == TokenClaims{});
    }
  }
}

}  // namespace azf::identity
