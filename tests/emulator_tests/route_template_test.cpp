#include "emulator/host/route_template.h"

#include <doctest/doctest.h>

#include <string>
#include <tuple>
#include <vector>

namespace azf::emulator {

TEST_SUITE_BEGIN("emulator");

TEST_CASE("matches paths as ASP.NET Core does") {
  using Values = std::optional<RouteValues>;
  const Values no;
  const std::vector<std::tuple<std::string, std::string, Values>> rows = {
      {"api/orders", "/api/orders", RouteValues{}},
      {"api/orders", "/API/Orders/", RouteValues{}},
      {"api/orders", "/api/orders/7", no},
      {"api/orders", "/api", no},
      {"", "/", RouteValues{}},
      {"", "/x", no},
      {"orders/{id}", "/orders/7", RouteValues{{"id", "7"}}},
      {"orders/{id}", "/orders/", no},
      {"orders/{id?}", "/orders", RouteValues{{"id", std::nullopt}}},
      {"orders/{id=9}", "/orders", RouteValues{{"id", "9"}}},
      {"orders/{id}/lines/{line}", "/orders/a b/lines/2", RouteValues{{"id", "a b"}, {"line", "2"}}},
      {"{*rest}", "/", RouteValues{{"rest", std::nullopt}}},
      {"files/{*rest}", "/files/a/b/c.txt", RouteValues{{"rest", "a/b/c.txt"}}},
      {"files/{*rest}", "/file", no},
      {"{name}.{extension}", "/a.tar.gz", RouteValues{{"name", "a.tar"}, {"extension", "gz"}}},
      {"v{version:int}", "/v12", RouteValues{{"version", "12"}}},
      {"v{version:int}", "/vx", no},
      {"{id:int}", "/-5", RouteValues{{"id", "-5"}}},
      {"{id:int}", "/3000000000", no},
      {"{id:long}", "/3000000000", RouteValues{{"id", "3000000000"}}},
      {"{id:int?}", "/", RouteValues{{"id", std::nullopt}}},
      {"{id:int:range(1,9)}", "/9", RouteValues{{"id", "9"}}},
      {"{id:int:range(1,9)}", "/10", no},
      {"{id:min(5)}", "/4", no},
      {"{id:max(5)}", "/5", RouteValues{{"id", "5"}}},
      {"{b:bool}", "/TRUE", RouteValues{{"b", "TRUE"}}},
      {"{b:bool}", "/1", no},
      {"{g:guid}", "/0f3dccc3-5430-4b5c-8398-40966eecb85b", RouteValues{{"g", "0f3dccc3-5430-4b5c-8398-40966eecb85b"}}},
      {"{g:guid}", "/0f3dccc3", no},
      {"{d:datetime}", "/2026-01-02", RouteValues{{"d", "2026-01-02"}}},
      {"{d:datetime}", "/soon", no},
      {"{x:double}", "/1.5", RouteValues{{"x", "1.5"}}},
      {"{x:decimal}", "/one", no},
      {"{a:alpha}", "/Abc", RouteValues{{"a", "Abc"}}},
      {"{a:alpha}", "/ab1", no},
      {"{a:length(3)}", "/abc", RouteValues{{"a", "abc"}}},
      {"{a:length(3)}", "/ab", no},
      {"{a:length(2,4)}", "/abcde", no},
      {"{a:minlength(2)}", "/a", no},
      {"{a:maxlength(2)}", "/ab", RouteValues{{"a", "ab"}}},
      {R"({p:regex(^\d{{3}}$)})", "/123", RouteValues{{"p", "123"}}},
      {R"({p:regex(^\d{{3}}$)})", "/1234", no},
      {R"({p:regex(^(a|b:c)$)})", "/b:c", RouteValues{{"p", "b:c"}}},
      {"{r:required}", "/x", RouteValues{{"r", "x"}}},
  };
  for (const auto& row : rows) {
    CAPTURE(std::get<0>(row));
    CAPTURE(std::get<1>(row));
    const auto& [text, path, expected] = row;
    const auto route = RouteTemplate::parse(text);
    REQUIRE_MESSAGE(route, route.error().message);
    CHECK(route->match(path) == expected);
  }
}

TEST_CASE("refuses templates that are none") {
  for (const std::string text : {"a//b", "{id", "{}", "{a}{b}", "{*rest}/more", "{id}/{ID}", "{id:nonsense}",
                                 "{id:range(1)}", "{id:min(x)}", "{p:regex([)}", "{p:regex(a}", "a{id?}"}) {
    CAPTURE(text);
    const auto route = RouteTemplate::parse(text);
    REQUIRE_FALSE(route);
    CHECK(route.error().kind == ErrorKind::kInvalidArgument);
  }
}

TEST_SUITE_END();

}  // namespace azf::emulator
