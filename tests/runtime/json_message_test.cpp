#include "runtime/json_message.h"

#include <doctest/doctest.h>

using azf::Headers;

TEST_SUITE("runtime") {
  TEST_CASE("JSON content is told by its type, whatever the parameters and letter case") {
    for (const auto* type : {"application/json", "application/json; charset=utf-8", "Application/JSON ;charset=utf-8",
                             "application/cloudevents+json", "application/problem+json;x=y"}) {
      CAPTURE(type);
      CHECK(azf::has_json_content(Headers{{"content-type", type}}));
    }
    for (const auto* type :
         {"", "text/plain", "text/json-ish", "application/jsonp", "+json", "application/xml; x=+json"}) {
      CAPTURE(type);
      CHECK_FALSE(azf::has_json_content(Headers{{"Content-Type", type}}));
    }
    CHECK_FALSE(azf::has_json_content(Headers{}));
  }

  TEST_CASE("a JSON response says its type and encoding") {
    const azf::HttpResponse expected{
        .status = 201, .headers = {{"Content-Type", "application/json; charset=utf-8"}}, .body = R"({"a":1})"};
    CHECK(azf::json_response({{"a", 1}}, 201) == expected);
  }
}
