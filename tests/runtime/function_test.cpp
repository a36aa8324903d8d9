#include "runtime/function.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

TEST_SUITE("runtime") {
  TEST_CASE("an HTTP function gets its output binding by itself") {
    const auto function = azf::http_function(
        "f", {.route = "r"}, [](const azf::HttpRequest&, const azf::InvocationContext&) { return azf::HttpResponse{}; },
        {"scope"});
    CHECK(function.metadata.name == "f");
    CHECK(is_http_in_and_out(function.metadata));
    CHECK(function.metadata.token_scopes == std::vector<std::string>{"scope"});
  }

  TEST_CASE("declared scopes are listed once each, sorted") {
    const auto with_scopes = [](std::vector<std::string> scopes) {
      return azf::Function{.metadata = {.name = "f", .bindings = {}, .token_scopes = std::move(scopes)}, .handler = {}};
    };
    const std::vector<azf::Function> functions = {with_scopes({"b", "c"}), with_scopes({}), with_scopes({"c", "a"})};
    CHECK(azf::declared_token_scopes(functions) == std::vector<std::string>{"a", "b", "c"});
  }
}
