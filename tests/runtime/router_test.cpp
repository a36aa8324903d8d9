#include "runtime/router.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

using azf::Function;
using azf::HttpRequest;
using azf::HttpResponse;
using azf::HttpTrigger;
using azf::Invocation;
using azf::InvocationContext;
using azf::InvocationResult;
using azf::Method;
using azf::Router;

namespace {

HttpResponse nothing(const HttpRequest&, const InvocationContext&) { return {}; }
InvocationResult nothing_triggered(const Invocation&, const InvocationContext&) { return {}; }

Function http(std::string name, std::string route, std::vector<Method> methods = {}) {
  return azf::http_function(std::move(name), {.route = std::move(route), .methods = std::move(methods)}, nothing);
}

std::string fault(std::vector<Function> functions) {
  const auto router = Router::create(std::move(functions));
  return router ? "" : router.error().message;
}

std::string served_by(const Router& router, Method method, std::string_view path) {
  const auto match = router.match(method, path);
  return match.function == nullptr ? "nobody" : match.function->metadata.name;
}

}  // namespace

TEST_SUITE("runtime") {
  TEST_CASE("the first function by name wins, not the more specific route") {
    const auto router = Router::create({http("orders", "orders/{id}"), http("a_all", "orders/{*rest}"),
                                        http("Z", "{*rest}"), http("items", "items/{id}")})
                            .value();
    CHECK(served_by(router, Method::kGet, "/orders/7") == "a_all");
    CHECK(served_by(router, Method::kGet, "/items/7") == "items");
    CHECK(served_by(router, Method::kGet, "/items") == "Z");
    CHECK(served_by(router, Method::kGet, "") == "Z");
  }

  TEST_CASE("functions are in the host's order: by upper-case letters, so _ comes behind them") {
    const auto router =
        Router::create({http("a_x", "1"), http("abx", "2"), http("Ab", "3"), http("a-x", "4"), http("a9", "5")})
            .value();
    std::vector<std::string> names;
    for (const auto& function : router.functions()) names.push_back(function.metadata.name);
    CHECK(names == std::vector<std::string>{"a-x", "a9", "Ab", "abx", "a_x"});
  }

  TEST_CASE("methods select among functions of one route; a missing one is told apart from a missing route") {
    const auto router = Router::create({http("read", "orders", {Method::kGet, Method::kHead}),
                                        http("write", "orders", {Method::kPost}), http("any", "any")})
                            .value();
    CHECK(served_by(router, Method::kGet, "/orders") == "read");
    CHECK(served_by(router, Method::kPost, "/orders") == "write");
    CHECK(served_by(router, Method::kDelete, "/any") == "any");
    CHECK(served_by(router, Method::kHead, "/any") == "any");

    const auto wrong_method = router.match(Method::kDelete, "/orders");
    CHECK(wrong_method.function == nullptr);
    CHECK(wrong_method.allowed_methods == std::vector{Method::kGet, Method::kHead, Method::kPost});
    CHECK(router.match(Method::kGet, "/nothing").allowed_methods.empty());
  }

  TEST_CASE("HEAD is a method of its own, as at the host") {
    const auto router = Router::create({http("read", "orders", {Method::kGet})}).value();
    CHECK(served_by(router, Method::kHead, "/orders") == "nobody");
  }

  TEST_CASE("a function without route has its name for one") {
    const auto router = Router::create({http("Greet", "")}).value();
    CHECK(served_by(router, Method::kGet, "/greet") == "Greet");
  }

  TEST_CASE("functions are found by their exact name") {
    const auto router = Router::create({http("b", "b"), http("A", "a"), http("c", "c")}).value();
    REQUIRE(router.find("A") != nullptr);
    CHECK(router.find("A")->metadata.name == "A");
    CHECK(router.find("a") == nullptr);
    CHECK(router.find("d") == nullptr);
    CHECK(router.find("") == nullptr);
  }

  TEST_CASE("what the host would refuse does not start") {
    CHECK(fault({http("a", "x"), http("A", "y")}).find("has the name of another one") != std::string::npos);
    CHECK(fault({http("a", "x/{id}"), http("b", "X/{ID}")}) ==
          "function \"b\" has the route and a method of function \"a\": X/{ID}");
    CHECK(fault({http("a", "x", {Method::kGet}), http("b", "x", {Method::kPost, Method::kGet})}).find("\"a\"") !=
          std::string::npos);
    CHECK(fault({http("a", "x", {Method::kGet}), http("b", "x")}).find("\"a\"") != std::string::npos);
    CHECK(fault({http("a", "x", {Method::kGet}), http("b", "x", {Method::kPost})}).empty());
    CHECK(fault({http("a", "x/{id}"), http("b", "x/{key}")}).empty());
    CHECK(fault({http("a", "admin/x")}).find("begins with admin or runtime") != std::string::npos);
    CHECK(fault({http("a", "Administrators")}).find("begins with admin or runtime") != std::string::npos);
    CHECK(fault({http("runtimes", "")}).find("begins with admin or runtime") != std::string::npos);
    CHECK(fault({http("a", "x/{id:integer}")}) ==
          "function \"a\": route \"x/{id:integer}\": route constraint \"integer\" is not known");
    CHECK(fault({http("host", "x")}).find("needs another name") != std::string::npos);
  }

  TEST_CASE("a handler that the host would never call in that way does not start") {
    using azf::triggered_function;
    CHECK(fault({azf::http_function("a", {}, {})}).find("has no handler") != std::string::npos);
    CHECK(fault({triggered_function({.name = "a", .bindings = {HttpTrigger{}, azf::HttpOutput{}}}, nothing_triggered)})
              .find("needs an HttpHandler") != std::string::npos);
    CHECK(fault({Function{.metadata = {.name = "a", .bindings = {azf::TimerTrigger{.schedule = "x"}}},
                          .handler = azf::HttpHandler(nothing)}})
              .find("needs a TriggerHandler") != std::string::npos);
    CHECK(fault({triggered_function({.name = "a", .bindings = {HttpTrigger{}, azf::QueueOutput{.queue_name = "q"}}},
                                    nothing_triggered)})
              .empty());
  }

  TEST_CASE("an HTTP function with further bindings is not reached by its route, as the host never forwards to it") {
    const auto router =
        Router::create({azf::triggered_function({.name = "a",
                                                 .bindings = {HttpTrigger{.route = "a"}, azf::HttpOutput{},
                                                              azf::QueueOutput{.queue_name = "q"}}},
                                                nothing_triggered)})
            .value();
    CHECK(served_by(router, Method::kGet, "/a") == "nobody");
  }
}
