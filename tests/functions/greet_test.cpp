#include "support/test_app.h"

#include <doctest/doctest.h>

#include <string>

using azf::HttpResponse;
using azf::Json;
using azf::test::json_body;
using azf::test::TestApp;

namespace {

// The one field error of a refused request.
Json field_error(const HttpResponse& response) {
  CHECK(response.status == 400);
  const auto problem = json_body(response);
  CHECK(problem.at("invocationId") == "test-invocation");
  return problem.value("errors", Json::array()).front();
}

}  // namespace

TEST_SUITE("functions") {
  TEST_CASE("greets by name from path, query or body, and the world without one") {
    const TestApp app;
    const HttpResponse expected{.headers = {{"Content-Type", "application/json; charset=utf-8"}},
                                .body = R"({"message":"Hello, Ada!"})"};
    CHECK(app.get("/api/greet/Ada") == expected);
    CHECK(app.get("/api/greet?name=Ada") == expected);
    CHECK(app.post("/api/greet", R"({"name":"Ada"})") == expected);
    CHECK(app.post("/api/greet/Bob", R"({"name":"Ada"})") == expected);
    CHECK(app.post("/api/greet/Ada", "") == expected);
    CHECK(app.post("/api/greet/Ada", "{}", "application/json; charset=utf-8") == expected);
    CHECK(json_body(app.get("/api/greet")) == Json{{"message", "Hello, world!"}});
    CHECK(json_body(app.get("/api/greet/Zo%C3%AB%20B.")) == Json{{"message", "Hello, Zoë B.!"}});
  }

  TEST_CASE("a wrong name is refused, and the field is named") {
    const TestApp app;
    const Json length = {{"field", "name"}, {"message", "must have 1 to 100 characters"}};
    CHECK(field_error(app.get("/api/greet?name=")) == length);
    CHECK(field_error(app.get("/api/greet/" + std::string(101, 'x'))) == length);
    CHECK(app.get("/api/greet/" + std::string(100, 'x')).status == 200);
    std::string umlauts;
    for (int i = 0; i < 100; ++i) umlauts += "%C3%BC";
    CHECK(app.get("/api/greet/" + umlauts).status == 200);
    CHECK(field_error(app.get("/api/greet/%FF")) == Json{{"field", "name"}, {"message", "must be UTF-8"}});
    CHECK(field_error(app.get("/api/greet/a%0Ab")) ==
          Json{{"field", "name"}, {"message", "must not have control characters"}});
    CHECK(field_error(app.post("/api/greet", R"({"name":7})")) ==
          Json{{"field", "name"}, {"message", "must be a string"}});
    CHECK(field_error(app.post("/api/greet", "{}")) == Json{{"field", "name"}, {"message", "is missing"}});
    CHECK(field_error(app.post("/api/greet", R"({"name":""})")) == length);
  }

  TEST_CASE("a body that is not a JSON object is refused") {
    const TestApp app;
    CHECK(json_body(app.post("/api/greet", "[]")).at("detail") == "The body must be a JSON object.");
    CHECK(json_body(app.post("/api/greet", "{")).at("detail") == "The body is not valid JSON at byte 2.");
    CHECK(app.post("/api/greet", "name=Ada", "application/x-www-form-urlencoded").status == 415);
  }

  TEST_CASE("greet is for GET and POST") {
    const TestApp app;
    CHECK(app.send({.method = azf::Method::kPut, .url = "/api/greet"}).status == 405);
  }
}
