#include "identity/claims.h"

#include <doctest/doctest.h>

#include <optional>

namespace azf::identity {

TEST_SUITE("identity") {
  TEST_CASE("I-64: the claims parameter joins the challenge and the capability to answer it") {
    struct Row {
      std::string challenge;
      bool enable_cae;
      std::optional<std::string> claims;
    };
    const std::string capability = R"({"access_token":{"xms_cc":{"values":["CP1"]}}})";
    const Row rows[] = {
        {"", false, ""},
        {"", true, capability},
        {"{}", true, capability},
        {R"({"access_token":{"nbf":{"essential":true,"value":"1"}}})", false,
         R"({"access_token":{"nbf":{"essential":true,"value":"1"}}})"},
        {R"({"access_token":{"nbf":{"essential":true,"value":"1"}}})", true,
         R"({"access_token":{"nbf":{"essential":true,"value":"1"},"xms_cc":{"values":["CP1"]}}})"},
        {R"({"id_token":{"auth_time":null}})", true,
         R"({"access_token":{"xms_cc":{"values":["CP1"]}},"id_token":{"auth_time":null}})"},
        {R"({"access_token":{"acrs":null}})", true, R"({"access_token":{"acrs":null,"xms_cc":{"values":["CP1"]}}})"},
        {R"({"access_token":{"xms_cc":{"values":["x"]}}})", true, R"({"access_token":{"xms_cc":{"values":["x"]}}})"},
        {R"({"access_token":{"xms_cc":{"values":{"marker":1}}}})", true,
         R"({"access_token":{"xms_cc":{"values":{"marker":1}}}})"},
        {R"({"access_token":5})", true, R"({"access_token":5})"},
        {"marker", false, {}},
        {"[1]", true, {}},
        {R"("eyJhIjoxfQ==")", true, {}},
        {"{", true, {}},
    };
    for (const Row& row : rows) {
      CAPTURE(row.challenge);
      const auto claims = claims_parameter(row.challenge, row.enable_cae);
      REQUIRE(claims.has_value() == row.claims.has_value());
      if (claims) {
        CHECK(*claims == *row.claims);
      } else {
        CHECK(claims.error().kind == ErrorKind::kInvalidArgument);
        CHECK(claims.error().message.find("marker") == std::string::npos);
      }
    }
  }
}

}  // namespace azf::identity
