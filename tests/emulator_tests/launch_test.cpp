#include "emulator/host/launch.h"

#include "emulator_tests/app_folder.h"

#include <doctest/doctest.h>

#include <tuple>

namespace azf::emulator {
namespace {

std::vector<std::string> arguments_of(const std::vector<std::string>& in_host_json, const Variables& environment = {}) {
  FunctionApp app;
  app.settings.executable = "handler";
  app.settings.arguments = in_host_json;
  return launch_command(app, environment, 4711, "w1").arguments;
}

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE("joins arguments and splits them again by Windows rules") {
  using Words = std::vector<std::string>;
  const std::vector<std::tuple<Words, Words>> rows = {
      {{}, {}},
      {{"--a", "b"}, {"--a", "b"}},
      {{"two words"}, {"two", "words"}},
      {{R"("two words")"}, {"two words"}},
      {{R"(--name="a b"c)"}, {"--name=a bc"}},
      {{R"(a\b\\c)"}, {R"(a\b\\c)"}},
      {{R"(\"quoted\")"}, {R"("quoted")"}},
      {{R"("a\\" b)"}, {R"(a\)", "b"}},
      {{R"("")"}, {""}},
      {{"a", "", "b"}, {"a", "b"}},
  };
  for (const auto& row : rows) {
    const auto& [in_host_json, expected] = row;
    CAPTURE(to_text(Json(std::get<0>(row))));
    CHECK(arguments_of(in_host_json) == expected);
  }
}

TEST_CASE("expands variables in arguments and deletes those it does not know") {
  CHECK(arguments_of({"--port", "%FUNCTIONS_CUSTOMHANDLER_PORT%", "--x=%MINE%"}, {{"MINE", "1"}}) ==
        std::vector<std::string>{"--port", "4711", "--x=1"});
  CHECK(arguments_of({"a%UNKNOWN%b", "100%"}) == std::vector<std::string>{"ab", "100%"});
}

TEST_CASE("sets the five variables over any of the same name") {
  AppFolder folder;
  const FunctionApp app = folder.load();
  const LaunchCommand command =
      launch_command(app, {{"FUNCTIONS_CUSTOMHANDLER_PORT", "1"}, {"OTHER", "x"}}, 4711, "w1");
  CHECK(command.environment == Variables{{"FUNCTIONS_APP_ROOT_PATH", app.root.string()},
                                         {"FUNCTIONS_CUSTOMHANDLER_PORT", "4711"},
                                         {"FUNCTIONS_CUSTOMHANDLER_WORKER_ID", "w1"},
                                         {"FUNCTIONS_HTTPWORKER_ID", "w1"},
                                         {"FUNCTIONS_HTTPWORKER_PORT", "4711"},
                                         {"OTHER", "x"}});
  CHECK(command.working_directory == app.root);
}

TEST_CASE("finds the program below the app root, else leaves it to PATH") {
  AppFolder folder;
  folder.write("bin/handler", "");
  FunctionApp app = folder.load();
  app.settings.executable = "bin/handler";
  CHECK(launch_command(app, {}, 1, "w").program == (app.root / "bin/handler").string());
  app.settings.executable = "handler";
  CHECK(launch_command(app, {}, 1, "w").program == "handler");
  app.settings.worker_directory = "bin";
  app.settings.working_directory = "somewhere";
  CHECK(launch_command(app, {}, 1, "w").program == (app.root / "bin/handler").string());
  CHECK(launch_command(app, {}, 1, "w").working_directory == app.root / "somewhere");
}

TEST_SUITE_END();

}  // namespace azf::emulator
