#include "runtime/route_template.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

using azf::RouteTemplate;
using azf::RouteValues;

TEST_SUITE("runtime") {
  TEST_CASE("route templates match paths as ASP.NET Core does") {
    struct Row {
      std::string route;
      std::string path;
      std::optional<RouteValues> expected;
    };
    const RouteValues none;
    const Row rows[] = {
        // literals
        {"orders", "/orders", none},
        {"orders", "/ORDERS/", none},
        {"orders", "/orders//", {}},
        {"orders", "", {}},
        {"orders", "/", {}},
        {"orders", "/order", {}},
        {"orders", "/orders/7", {}},
        {"a b", "/a%20b", none},
        {"a{{b}}", "/a%7Bb%7D", none},
        {"", "", none},
        {"", "/", none},
        {"", "/a", {}},
        // parameters
        {"orders/{id}", "/orders/7", RouteValues{{"id", "7"}}},
        {"orders/{id}", "/orders/a%2Fb%C3%A9", RouteValues{{"id", "a/b\xc3\xa9"}}},
        {"orders/{id}", "/orders/%zz", RouteValues{{"id", "%zz"}}},
        {"orders/{id}", "/orders", {}},
        {"orders/{id}", "/orders/", {}},
        {"orders/{id}", "//7", {}},
        {"orders/{id}/lines/{line}", "/orders/7/lines/2", RouteValues{{"id", "7"}, {"line", "2"}}},
        {"orders/{id}/lines/{line}", "/orders/7/rows/2", {}},
        {"{a}", "/..", RouteValues{{"a", ".."}}},
        // optional parameters and defaults
        {"greet/{name?}", "/greet", none},
        {"greet/{name?}", "/greet/", none},
        {"greet/{name?}", "/greet/Ada", RouteValues{{"name", "Ada"}}},
        {"greet/{name?}", "/greet/Ada/Bob", {}},
        {"greet/{name=world}", "/greet", RouteValues{{"name", "world"}}},
        {"greet/{name=world}", "/greet/Ada", RouteValues{{"name", "Ada"}}},
        {"greet/{name=a=b:c}", "/greet", RouteValues{{"name", "a=b:c"}}},
        {"{a=x}/{b?}", "", RouteValues{{"a", "x"}}},
        {"{a?}/b", "", {}},
        // catch-all
        {"{*rest}", "", none},
        {"{*rest}", "/", none},
        {"{*rest}", "/a/b%20c/", RouteValues{{"rest", "a/b c/"}}},
        {"{**rest}", "/a", RouteValues{{"rest", "a"}}},
        {"files/{*rest}", "/files", none},
        {"files/{*rest}", "/files/a//b", RouteValues{{"rest", "a//b"}}},
        {"files/{*rest}", "/files//b", {}},
        {"files/{*rest=index}", "/files", RouteValues{{"rest", "index"}}},
        {"files/{*rest:minlength(2)}", "/files", {}},
        {"files/{*rest:minlength(2)}", "/files/ab", RouteValues{{"rest", "ab"}}},
        // constraints
        {"orders/{id:int}", "/orders/7", RouteValues{{"id", "7"}}},
        {"orders/{id:int}", "/orders/x", {}},
        {"orders/{id:int?}", "/orders", none},
        {"orders/{id:int?}", "/orders/x", {}},
        {"orders/{id:int=5}", "/orders", RouteValues{{"id", "5"}}},
        {"orders/{id:int:range(1,9)}", "/orders/10", {}},
        {"{a:regex(^(x|y)(z)$)}", "/xz", RouteValues{{"a", "xz"}}},
        {"{a:regex(^\\d{{3}}$)}", "/123", RouteValues{{"a", "123"}}},
        {"{a:regex(^\\d{{3}}$)}", "/1234", {}},
        {"{a:regex(^a/b$):required}", "/a%2Fb", RouteValues{{"a", "a/b"}}},
        {"{a:regex(x=y:z)=d}", "", {}},
    };
    for (const auto& row : rows) {
      CAPTURE(row.route);
      CAPTURE(row.path);
      const auto route = RouteTemplate::parse(row.route);
      REQUIRE_MESSAGE(route.has_value(), row.route);
      CHECK(route->text() == row.route);
      CHECK(route->match(row.path) == row.expected);
    }
  }

  TEST_CASE("unreadable route templates are refused with the reason") {
    struct Row {
      std::string route;
      std::string fault;
    };
    const Row rows[] = {
        {"/a", "slash at one end"},
        {"a/", "slash at one end"},
        {"a//b", "two in a row"},
        {"a?b", "question mark"},
        {"{a", "without closing brace"},
        {"a}", "lone brace"},
        {"x{a}", "mixes text and parameters"},
        {"{a}x", "mixes text and parameters"},
        {"{a}.{b}", "mixes text and parameters"},
        {"{}", "without a usable name"},
        {"{?}", "without a usable name"},
        {"{*}", "without a usable name"},
        {"{:int}", "without a usable name"},
        {"{a/b}", "without a usable name"},
        {"{a{b}", "not doubled"},
        {"{a}/{A}", "two parameters"},
        {"{*a}/b", "behind its catch-all"},
        {"{*a?}", "it always is"},
        {"{a=1?}", "optional and has a default"},
        {"{a:}", "is not known"},
        {"{a:integer}", "is not known"},
        {"{a:length(}", "no closing parenthesis"},
        {"{a:length(2)x}", "no closing parenthesis"},
        {"{a:regex([)}", "pattern"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.route);
      const auto route = RouteTemplate::parse(row.route);
      REQUIRE_FALSE(route);
      CHECK(route.error().kind == azf::ErrorKind::kInvalidArgument);
      CHECK_MESSAGE(route.error().message.find(row.fault) != std::string::npos, route.error().message);
      CHECK(route.error().message.starts_with("route \"" + row.route + "\""));
    }
  }

  TEST_CASE("route values are found without regard to letter case") {
    const RouteValues values{{"Id", "7"}};
    CHECK(values.get("iD") == "7");
    CHECK_FALSE(values.get("name"));
  }

  TEST_CASE("H-31: a prefix is taken from the front of a path by whole segments") {
    using azf::strip_prefix;
    CHECK(strip_prefix("/api/orders/7", "api") == "/orders/7");
    CHECK(strip_prefix("/API/x", "api") == "/x");
    CHECK(strip_prefix("/%61pi/x", "api") == "/x");
    CHECK(strip_prefix("/api", "api") == "");
    CHECK(strip_prefix("/api/", "api") == "/");
    CHECK(strip_prefix("/a/b/c", "a/b") == "/c");
    CHECK(strip_prefix("/orders/7", "") == "/orders/7");
    CHECK_FALSE(strip_prefix("/apix/orders", "api"));
    CHECK_FALSE(strip_prefix("/a", "a/b"));
    CHECK_FALSE(strip_prefix("/", "api"));
    CHECK_FALSE(strip_prefix("", "api"));
  }
}
