#include "functions/demo.h"

#include "runtime/json_message.h"

#include <doctest/doctest.h>

using azf::HttpResponse;
using azf::functions::mark_demo;

TEST_SUITE("functions/demo") {
  TEST_CASE("what comes of a stand-in says so in its head, and in a JSON object") {
    const struct {
      HttpResponse response;
      std::string_view expected_body;
    } cases[] = {
        {azf::json_response({{"a", 1}}), R"({"a":1,"demo":true})"},
        {{.status = 404, .headers = {{"Content-Type", "application/problem+json"}}, .body = R"({"status":404})"},
         R"({"demo":true,"status":404})"},
        {azf::json_response(azf::Json::array({1})), "[1]"},
        {{.headers = {{"Content-Type", "text/plain"}}, .body = "{}"}, "{}"},
        {{.headers = {{"Content-Type", "application/json"}}, .body = "{"}, "{"},
        {{}, ""},
    };
    for (const auto& [response, expected_body] : cases) {
      CAPTURE(response.body);
      HttpResponse marked = response;
      mark_demo(marked);
      CHECK(marked.headers.all("X-AZF-Demo") == std::vector<std::string_view>{"stand-in"});
      CHECK(marked.body == expected_body);
      CHECK(marked.status == response.status);
    }
  }
}
