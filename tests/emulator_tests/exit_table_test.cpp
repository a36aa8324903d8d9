#include "emulator_tests/app_folder.h"
#include "emulator_tests/running_host.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>

namespace azf::emulator {
namespace {

int starts(const AppFolder& folder) {
  const std::string log = folder.read("starts");
  return static_cast<int>(std::count(log.begin(), log.end(), '\n'));
}

AppFolder app_with(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"--log", "starts"});
  AppFolder folder(arguments);
  folder.add_function("exit", http_bindings("exit"));
  folder.add_function("work", http_bindings("work"));
  return folder;
}

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE("gives up after the third crash") {
  const AppFolder folder = app_with({"--crashes", "99", "7"});
  RunningHost host(folder.load());
  host.wait_for_failure();
  CHECK(starts(folder) == 3);
  CHECK(host.handler_status()["state"] == "Failed");
  CHECK(host.get("/api/work").status == 500);
  CHECK(host.log().find("exited with code 7") != std::string::npos);
  CHECK(host.log().find("Exceeded http worker restart retry count") != std::string::npos);
}

TEST_CASE("survives two crashes and serves the requests that waited") {
  const AppFolder folder = app_with({"--crashes", "2", "1"});
  RunningHost host(folder.load());
  CHECK(host.get("/api/work").status == 200);
  CHECK(starts(folder) == 3);
}

TEST_CASE("restarts for free on exit code 200") {
  const AppFolder folder = app_with({"--crashes", "5", "200"});
  RunningHost host(folder.load());
  CHECK(host.wait_until_ready().starts == 6);
}

TEST_CASE("restarts a handler that a signal killed, on the same port") {
  const AppFolder folder = app_with({});
  RunningHost host(folder.load());
  const HandlerStatus first = host.wait_until_ready();
  ::kill(*first.pid, SIGKILL);
  const HandlerStatus second = host.wait_until_ready(2);
  CHECK(second.pid != first.pid);
  CHECK(second.last_exit_code == 128 + SIGKILL);
  CHECK(host.get("/api/work").status == 200);
}

TEST_CASE("does not restart a handler that ended with 0, so calls fail") {
  const AppFolder folder = app_with({});
  RunningHost host(folder.load());
  CHECK(host.post("/api/exit?exit_code=0", "x").status == 500);
  while (host.handler_status()["pid"] != nullptr) {
  }
  CHECK(host.get("/api/work").status == 500);
  const Json status = host.handler_status();
  CHECK(status["state"] == "Initialized");
  CHECK(status["starts"] == 1);
  CHECK(status["lastExitCode"] == 0);
}

TEST_CASE("fails the call that crashes the handler and goes on") {
  const AppFolder folder = app_with({"--complain", "\"something broke\""});
  RunningHost host(folder.load());
  CHECK(host.post("/api/exit?exit_code=3", "x").status == 500);
  host.wait_until_ready(2);
  CHECK(host.get("/api/work").status == 200);
  CHECK(host.log().find("exited with code 3. something broke") != std::string::npos);
}

TEST_CASE("takes a handler as ready that closes the probe without a reply") {
  const AppFolder folder = app_with({"--close-probe"});
  RunningHost host(folder.load());
  host.wait_until_ready();
  CHECK(host.get("/api/work").status == 200);
}

TEST_CASE("stops although the handler never answers the probe") {
  const AppFolder folder = app_with({"--mute-probe", "--print", "begun"});
  RunningHost host(folder.load());
  while (host.log().find("begun") == std::string::npos) {
  }
  host.stop();
  CHECK(starts(folder) == 1);
}

TEST_CASE("counts a handler that never listens") {
  AppFolder folder = app_with({"--deaf"});
  folder.patch_host_json({{"customHandler", {{"initializationTimeout", "00:00:00"}}}});
  RunningHost host(folder.load());
  host.wait_for_failure();
  CHECK(starts(folder) == 3);
  CHECK(host.log().find("Initializing HttpWorker timed out.") != std::string::npos);
}

TEST_CASE("stays without a handler when the program cannot be started") {
  AppFolder folder = app_with({});
  folder.patch_host_json({{"customHandler", {{"initializationTimeout", "00:00:00"}}}});
  FunctionApp app = folder.load();
  app.settings.executable = "/nowhere/at/all";
  RunningHost host(std::move(app));
  while (host.log().find("Failed to start Worker Channel") == std::string::npos) {
  }
  CHECK(host.get("/api/work").status == 500);
  CHECK(host.handler_status()["starts"] == 0);
}

TEST_CASE("kills a handler that ignores SIGTERM, and leaves no process behind") {
  const AppFolder folder = app_with({"--ignore-term"});
  RunningHost host(folder.load());
  const pid_t pid = *host.wait_until_ready().pid;
  host.stop();
  CHECK(::kill(pid, 0) == -1);
}

TEST_CASE("shows the handler's lines by their level") {
  const AppFolder folder = app_with({"--print", "hello", "--complain", "\"a warning\""});
  RunningHost host(folder.load());
  host.wait_until_ready();
  host.stop();
  CHECK(host.log().find("] hello\n") != std::string::npos);
  CHECK(host.log().find("] warn: a warning\n") != std::string::npos);
}

TEST_SUITE_END();

}  // namespace azf::emulator
