#include "core/base64.h"
#include "support/test_app.h"

#include <doctest/doctest.h>

#include <string>

using azf::Json;
using azf::test::json_body;
using azf::test::TestApp;

namespace {

// The message on relay-out, as the host decodes it.
Json relayed(const azf::HttpResponse& reply) {
  CHECK(reply.status == 200);
  const auto output = json_body(reply).at("Outputs").at("output").get<std::string>();
  return azf::parse_json(azf::from_base64(output).value()).value();
}

}  // namespace

TEST_SUITE("functions") {
  TEST_CASE("a message goes out with its length and the time") {
    const TestApp app;
    CHECK(relayed(app.invoke("relay", {{"message", "Zoë"}})) ==
          Json{{"text", "Zoë"}, {"length", 3}, {"relayed_at", "2026-01-02T03:04:05Z"}});
    CHECK(relayed(app.invoke("relay", {{"message", R"({"a":1})"}})).at("text") == R"({"a":1})");
    CHECK(relayed(app.invoke("relay", {{"message", ""}})).at("length") == 0);
  }

  TEST_CASE("an invocation that is not UTF-8 is refused whole, as JSON is") {
    const TestApp app;
    CHECK(app.post("/relay", "{\"Data\":{\"message\":\"\xff\"},\"Metadata\":{}}").status == 400);
  }

  TEST_CASE("an invocation without a message fails, so that the host repeats it") {
    const TestApp app;
    CHECK(app.invoke("relay", Json::object()).status == 500);
  }
}
