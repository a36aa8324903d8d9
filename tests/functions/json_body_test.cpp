#include "functions/json_body.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using azf::FieldError;
using azf::HttpRequest;
using azf::Json;
using azf::functions::flag_member;
using azf::functions::parse_json_body;

TEST_SUITE("functions/json_body") {
  TEST_CASE("a body is a JSON object, or its sender is told why not") {
    const struct {
      std::string_view type;
      std::string_view body;
      int status;
    } cases[] = {
        {"application/json", R"({"a":1})", 200}, {"text/plain", "{}", 415},       {"application/json", "", 400},
        {"application/json", "{", 400},          {"application/json", "[]", 400}, {"", "{}", 415},
    };
    for (const auto& [type, body, status] : cases) {
      CAPTURE(body);
      const auto parsed = parse_json_body({.headers = {{"Content-Type", type}}, .body = std::string(body)});
      CHECK(parsed.has_value() == (status == 200));
      if (!parsed) CHECK(parsed.error().status == status);
    }
  }

  TEST_CASE("a flag is true or false, and false where it is absent") {
    std::vector<FieldError> errors;
    CHECK(flag_member({{"a", true}}, "a", errors));
    CHECK_FALSE(flag_member({{"a", false}}, "a", errors));
    CHECK_FALSE(flag_member({{"a", nullptr}}, "a", errors));
    CHECK_FALSE(flag_member(Json::object(), "a", errors));
    CHECK(errors.empty());
    CHECK_FALSE(flag_member({{"a", "true"}}, "a", errors));
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].field == "a");
  }
}
