#include "http/challenge.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace azf {

TEST_SUITE("http") {
  TEST_CASE("challenges are read as servers write them") {
    using Parameters = std::vector<std::pair<std::string, std::string>>;
    struct Row {
      std::string value;
      std::vector<Challenge> challenges;
    };
    const Row rows[] = {
        {"", {}},
        {" , ,", {}},
        {"Bearer", {{"Bearer", {}, ""}}},
        {R"(Bearer realm="x")", {{"Bearer", {{"realm", "x"}}, ""}}},
        {R"(Bearer a="1", b=2 , c = "3")", {{"Bearer", Parameters{{"a", "1"}, {"b", "2"}, {"c", "3"}}, ""}}},
        {R"(Bearer a="with \"quotes\", comma and \\")", {{"Bearer", {{"a", R"(with "quotes", comma and \)"}}, ""}}},
        {"Basic realm=/var/opt/azcmagent/tokens/k1.key",
         {{"Basic", {{"realm", "/var/opt/azcmagent/tokens/k1.key"}}, ""}}},
        {R"(Bearer authorization="https://login.example/t", resource=https://vault.azure.net)",
         {{"Bearer", Parameters{{"authorization", "https://login.example/t"}, {"resource", "https://vault.azure.net"}},
           ""}}},
        {R"(Negotiate abc==, Bearer error="insufficient_claims", claims="eyJ9")",
         {{"Negotiate", {}, "abc=="},
          {"Bearer", Parameters{{"error", "insufficient_claims"}, {"claims", "eyJ9"}}, ""}}},
        {R"(Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple")",
         {{"Newauth", Parameters{{"realm", "apps"}, {"type", "1"}, {"title", R"(Login to "apps")"}}, ""},
          {"Basic", {{"realm", "simple"}}, ""}}},
        {"Negotiate", {{"Negotiate", {}, ""}}},
        {"Bearer claims=eyJh==", {{"Bearer", {{"claims", "eyJh=="}}, ""}}},
        {R"(Bearer a="open)", {{"Bearer", {{"a", "open"}}, ""}}},
        {R"(Bearer a="open\)", {{"Bearer", {{"a", "open\\"}}, ""}}},
        {R"(=x, "y", Bearer a=1)", {{"Bearer", {{"a", "1"}}, ""}}},
        {"Bearer a=1, a=2", {{"Bearer", Parameters{{"a", "1"}, {"a", "2"}}, ""}}},
    };
    for (const Row& row : rows) {
      CAPTURE(row.value);
      CHECK(parse_challenges(row.value) == row.challenges);
    }
  }

  TEST_CASE("names of parameters are found in any letter case, and the first counts") {
    const auto challenges = parse_challenges("Bearer Claims=1, claims=2");
    REQUIRE(challenges.size() == 1);
    CHECK(challenges.front().parameter("CLAIMS") == "1");
    CHECK(!challenges.front().parameter("realm"));
  }

  TEST_CASE("challenges may stand in several fields") {
    const Headers headers = {{"WWW-Authenticate", "Negotiate"}, {"X", "Digest"}, {"www-authenticate", "Bearer a=1"}};
    const auto challenges = parse_challenges(headers);
    REQUIRE(challenges.size() == 2);
    CHECK(challenges.back().scheme == "Bearer");
  }
}

}  // namespace azf
