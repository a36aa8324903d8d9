#include "emulator/host/function_app.h"

#include "emulator_tests/app_folder.h"

#include <doctest/doctest.h>

#include <tuple>

namespace azf::emulator {
namespace {

std::vector<std::string> names(const FunctionApp& app) {
  std::vector<std::string> list;
  for (const auto& function : app.functions) list.push_back(function.name);
  return list;
}

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE("orders functions by name without letter case and ignores nested folders") {
  AppFolder folder;
  for (const char* name : {"beta", "Alpha", "gamma"}) folder.add_function(name, http_bindings(name));
  folder.add_function("deep/inner", http_bindings("x"));
  const FunctionApp app = folder.load();
  CHECK(names(app) == std::vector<std::string>{"Alpha", "beta", "gamma"});
  CHECK(app.problems.empty());
}

TEST_CASE("skips a bad function, says why, and loads the others") {
  const Json timer = {{"type", "timerTrigger"}, {"direction", "in"}, {"name", "timer"}, {"schedule", "0 * * * * *"}};
  const std::vector<std::tuple<std::string, Json, std::string>> rows = {
      {"no-bindings", Json::array(), "at least one binding"},
      {"no-trigger", Json::array({http_out()}), "exactly one trigger"},
      {"two-triggers", Json::array({http_trigger("x"), timer}), "exactly one trigger"},
      {"same-name", Json::array({http_trigger("x"), http_out("req")}), "occurs twice"},
      {"bad-binding-name", Json::array({http_trigger("x"), http_out("my_res")}), "binding name"},
      {"9lives", http_bindings("x"), "the name is invalid"},
      {"host", http_bindings("x"), "the name is invalid"},
      {"admin-route", http_bindings("administrators"), "must not begin"},
      {"bad-route", http_bindings("{id"), "not closed"},
      {"bad-schedule", Json::array({{{"type", "timerTrigger"}, {"name", "t"}, {"schedule", "x"}}}), "schedule"},
      {"no-queue", Json::array({{{"type", "queueTrigger"}, {"name", "m"}}}), "queueName"},
      {"both-ways", Json::array({http_trigger("x"), {{"type", "http"}, {"name", "r"}, {"direction", "up"}}}),
       "direction"},
  };
  for (const auto& row : rows) {
    CAPTURE(std::get<0>(row));
    const auto& [name, bindings, reason] = row;
    AppFolder folder;
    folder.add_function("good", http_bindings("good"));
    folder.add_function(name, bindings);
    const FunctionApp app = folder.load();
    CHECK(names(app) == std::vector<std::string>{"good"});
    REQUIRE(app.problems.size() == 1);
    CHECK(app.problems[0].starts_with(name + ": "));
    CHECK(app.problems[0].find(reason) != std::string::npos);
  }
}

TEST_CASE("takes the later of two functions with one route and method as the error") {
  AppFolder folder;
  folder.add_function("a", http_bindings("orders"));
  folder.add_function("b", http_bindings("Orders"));
  const FunctionApp app = folder.load();
  CHECK(names(app) == std::vector<std::string>{"a"});
  CHECK(app.problems.size() == 1);
}

TEST_CASE("reads host.json with the host's defaults") {
  AppFolder folder;
  folder.write("host.json", R"({"version":"2.0","customHandler":{"description":{"defaultExecutablePath":"handler"}}})");
  const HostSettings settings = folder.load().settings;
  CHECK(settings.route_prefix == "api");
  CHECK(settings.executable == "handler");
  CHECK_FALSE(settings.forwards_http);
  CHECK_FALSE(settings.proxies_http);
  CHECK(settings.stderr_is_for_errors_only);
  CHECK(settings.initialization_timeout == std::chrono::seconds(30));
  CHECK(settings.function_timeout == std::chrono::minutes(30));
}

TEST_CASE("matches names in host.json without letter case and expands variables") {
  AppFolder folder;
  folder.write("host.json", R"({"version":"2.0","functionTimeout":"-1","CustomHandler":{"Description":{
      "DefaultExecutablePath":"%BIN%/handler","UseStdErrorStreamForErrorsOnly":false},
      "EnableForwardingHttpRequest":true,"EnableProxyingHttpRequest":true,"initializationTimeout":"00:01:00"}})");
  const HostSettings settings = folder.load({{"BIN", "out"}}).settings;
  CHECK(settings.executable == "out/handler");
  CHECK(settings.forwards_http);
  CHECK(settings.proxies_http);
  CHECK_FALSE(settings.stderr_is_for_errors_only);
  CHECK(settings.initialization_timeout == std::chrono::minutes(1));
  CHECK_FALSE(settings.function_timeout);
}

TEST_CASE("variables take the place of settings in host.json, and of what is not there") {
  AppFolder folder;
  const HostSettings settings =
      folder
          .load({{"AzureFunctionsJobHost__CustomHandler__EnableForwardingHttpRequest", "false"},
                 {"AzureFunctionsJobHost__extensions__http__routePrefix", "v1"},
                 {"AzureFunctionsJobHost__functionTimeout__deeper", "x"},
                 {"AzureFunctionsJobHost__", "x"}})
          .settings;
  CHECK_FALSE(settings.forwards_http);
  CHECK(settings.route_prefix == "v1");
  CHECK(settings.function_timeout == std::chrono::seconds(30));
}

TEST_CASE("refuses a host.json that the host would refuse") {
  for (const std::string text :
       {"{", "{}", R"({"version":"1.0"})", R"({"version":"2.0"})", R"({"version":"2.0","customHandler":{}})",
        R"({"version":"2.0","customHandler":{"description":{"defaultExecutablePath":""}}})"}) {
    CAPTURE(text);
    AppFolder folder;
    folder.write("host.json", text);
    const auto app = load_function_app(folder.path(), {}, {});
    REQUIRE_FALSE(app);
    CHECK(app.error().kind == ErrorKind::kInvalidArgument);
  }
  CHECK(load_function_app("/nowhere/at/all", {}, {}).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("tells functions that are HTTP in and out from all others") {
  AppFolder folder;
  folder.add_function("both", http_bindings("both"));
  folder.add_function("only-in", Json::array({http_trigger("in")}));
  folder.add_function("with-queue", Json::array({http_trigger("q"), http_out(), queue_out("out", "q")}));
  folder.add_function("queue", Json::array({queue_trigger("q")}));
  const FunctionApp app = folder.load();
  CHECK(app.find("BOTH")->is_http_in_and_out());
  CHECK_FALSE(app.find("only-in")->is_http_in_and_out());
  CHECK_FALSE(app.find("with-queue")->is_http_in_and_out());
  CHECK_FALSE(app.find("queue")->is_http_in_and_out());
}

TEST_CASE("loads only the functions that are asked for, and marks disabled ones") {
  AppFolder folder;
  for (const char* name : {"a", "b", "c"}) folder.add_function(name, http_bindings(name));
  const auto app = load_function_app(folder.path(), {"B", "c"}, {{"AzureWebJobs_c_Disabled", "true"}});
  REQUIRE(app);
  CHECK(names(*app) == std::vector<std::string>{"b", "c"});
  CHECK_FALSE(app->functions[0].disabled);
  CHECK(app->functions[1].disabled);
}

TEST_CASE("fills settings into bindings and leaves unknown ones") {
  AppFolder folder;
  folder.add_function("f", Json::array({queue_trigger("%QUEUE%"), queue_out("out", "%OTHER%")}));
  const FunctionApp app = folder.load({{"QUEUE", "orders"}});
  CHECK(app.functions[0].trigger().text("queueName") == "orders");
  CHECK(app.functions[0].find_output("queue")->text("queueName") == "%OTHER%");
}

TEST_CASE("reads the values of local.settings.json") {
  AppFolder folder;
  CHECK(load_local_settings(folder.path())->empty());
  folder.write("local.settings.json", R"({"IsEncrypted":false,"Values":{"A":"1","B":2}})");
  CHECK(*load_local_settings(folder.path()) == Variables{{"A", "1"}, {"B", "2"}});
  folder.write("local.settings.json", R"({"Values":{"A":"1"}})");
  CHECK_FALSE(load_local_settings(folder.path()));
}

TEST_SUITE_END();

}  // namespace azf::emulator
