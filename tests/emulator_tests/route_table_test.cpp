#include "emulator/host/route_table.h"

#include "emulator_tests/app_folder.h"

#include <doctest/doctest.h>

namespace azf::emulator {
namespace {

std::string matched(const RouteTable& table, std::string_view method, std::string_view path) {
  const auto match = table.match(method, path);
  return match ? match->function.name : "";
}

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE("takes the first function by name, never the more specific one") {
  AppFolder folder;
  folder.add_function("orders", http_bindings("orders"));
  folder.add_function("A_all", http_bindings("{*rest}"));
  const FunctionApp app = folder.load();
  CHECK(matched(RouteTable(app), "GET", "/api/orders") == "A_all");
}

TEST_CASE("goes on to the next function when the method is not listed") {
  AppFolder folder;
  Json read = http_bindings("orders/{id}");
  read[0]["methods"] = {"get"};
  Json write = http_bindings("orders/{id}");
  write[0]["methods"] = {"post", "put"};
  folder.add_function("read", read);
  folder.add_function("write", write);
  const FunctionApp app = folder.load();
  const RouteTable table(app);
  CHECK(matched(table, "GET", "/api/orders/7") == "read");
  CHECK(matched(table, "PUT", "/api/orders/7") == "write");
  CHECK(matched(table, "DELETE", "/api/orders/7").empty());
  CHECK(table.match("GET", "/api/orders/7")->values == RouteValues{{"id", "7"}});
}

TEST_CASE("puts the prefix of host.json before every route") {
  AppFolder folder;
  folder.add_function("all", http_bindings("{*rest}"));
  folder.patch_host_json({{"extensions", {{"http", {{"routePrefix", ""}}}}}});
  const FunctionApp bare = folder.load();
  CHECK(matched(RouteTable(bare), "GET", "/") == "all");
  folder.patch_host_json({{"extensions", {{"http", {{"routePrefix", "/v1/api/"}}}}}});
  const FunctionApp prefixed = folder.load();
  CHECK(matched(RouteTable(prefixed), "GET", "/v1/api/x") == "all");
  CHECK(matched(RouteTable(prefixed), "GET", "/x").empty());
  CHECK(full_route(prefixed, prefixed.functions[0]) == "/v1/api/{*rest}");
}

TEST_SUITE_END();

}  // namespace azf::emulator
