#include "core/json.h"
#include "e2e/handler_app.h"
#include "server/listener.h"
#include "support/raw_connection.h"

#include <doctest/doctest.h>

#include <fstream>
#include <memory>
#include <signal.h>
#include <string>
#include <thread>
#include <vector>

using azf::test::ChildProcess;
using azf::test::free_port;
using azf::test::handler_program;
using azf::test::quiet_environment;
using azf::test::RawConnection;
using azf::test::StartedHandler;
using namespace std::chrono_literals;

namespace {

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> list;
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    list.push_back(text.substr(begin, end - begin));
  }
  return list;
}

// An identity endpoint that takes connections and never answers, so that whoever asks for a token has to wait.
class SilentIdentityEndpoint {
 public:
  SilentIdentityEndpoint() : listener_(*azf::Listener::create(0)) {}
  [[nodiscard]] std::map<std::string, std::string> environment() const {
    return {{"IDENTITY_ENDPOINT", "http://127.0.0.1:" + std::to_string(listener_.port()) + "/msi/token"},
            {"IDENTITY_HEADER", "planted-identity-header"}};
  }
  // Connections that were made and are not accepted still end when this is gone.
  void hang_up() { listener_.close(); }

 private:
  azf::Listener listener_;
};

// Whether no such process runs; one that has ended may wait for a parent that never asks.
bool ended(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/stat");
  std::string pid;
  std::string name;
  std::string state;
  return !(status >> pid >> name >> state) || state == "Z";
}

struct Ended {
  std::optional<int> exit_code;
  std::string errors;
};

Ended run_to_end(std::map<std::string, std::string> further, std::vector<std::string> arguments = {}) {
  auto environment = quiet_environment();
  environment.merge(further);
  ChildProcess process(handler_program(),
                       {.arguments = std::move(arguments), .environment = environment, .directory = {}});
  const auto exit_code = process.wait();
  return {exit_code, process.standard_error()};
}

}  // namespace

TEST_SUITE("e2e") {
  TEST_CASE("H-01, H-05: it listens on the host's port and answers the probe with an empty 200, unlogged") {
    StartedHandler handler;
    const auto response = handler.get("/");
    CHECK(response.starts_with("HTTP/1.1 200 OK\r\n"));
    CHECK(response.ends_with("\r\n\r\n"));
    CHECK_FALSE(contains(handler.process().standard_output(), "invocation_id"));
  }

  TEST_CASE("H-02: the port's old name serves too; without a port it fails with one line that says what to do") {
    const auto port = free_port();
    const StartedHandler handler(
        {{"FUNCTIONS_CUSTOMHANDLER_PORT", ""}, {"FUNCTIONS_HTTPWORKER_PORT", std::to_string(port)}}, port);
    CHECK(contains(handler.get("/api/health/live"), "200 OK"));

    const auto without = run_to_end({});
    CHECK(without.exit_code == 1);
    CHECK(lines(without.errors).size() == 1);
    CHECK(contains(without.errors, "FUNCTIONS_CUSTOMHANDLER_PORT is not set"));
    CHECK(contains(without.errors, "handler serve --port"));
  }

  TEST_CASE("H-03: a port that is none, or taken, ends it with exit code 1 and the reason") {
    const auto wrong = run_to_end({{"FUNCTIONS_CUSTOMHANDLER_PORT", "http"}});
    CHECK(wrong.exit_code == 1);
    CHECK(contains(wrong.errors, "FUNCTIONS_CUSTOMHANDLER_PORT must be a TCP port between 1 and 65535"));

    const auto taken = azf::Listener::create(0);
    REQUIRE(taken);
    const auto occupied = run_to_end({{"FUNCTIONS_CUSTOMHANDLER_PORT", std::to_string(taken->port())}});
    CHECK(occupied.exit_code == 1);
    CHECK(contains(occupied.errors, "Address already in use"));
  }

  TEST_CASE("H-04: after SIGKILL with open connections a new instance gets the same port at once") {
    const auto port = free_port();
    {
      StartedHandler first({}, port);
      RawConnection open(port);
      open.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      open.read_response();
      first.process().signal(SIGKILL);
      CHECK(first.process().wait() == 128 + SIGKILL);
      const StartedHandler second({}, port);
      CHECK(contains(second.get("/api/health/live"), "200 OK"));
    }
  }

  TEST_CASE("H-05: the probe is answered while every request at work waits for a token") {
    SilentIdentityEndpoint identity;
    StartedHandler handler(identity.environment());
    std::vector<std::unique_ptr<RawConnection>> waiting;
    for (int i = 0; i < 100; ++i) {
      waiting.push_back(std::make_unique<RawConnection>(handler.port()));
      waiting.back()->send("GET /api/token-status?scope=https://s" + std::to_string(i) +
                           ".example/.default HTTP/1.1\r\nHost: h\r\n\r\n");
    }
    for (int i = 0; i < 20; ++i) CHECK(contains(handler.get("/"), "200 OK"));
  }

  TEST_CASE("H-06: GET / with an invocation id is an invocation, and no function has this route") {
    StartedHandler handler;
    const auto response =
        handler.get("/", "X-Azure-Functions-InvocationId: evil, 0f3dccc3-5430-4b5c-8398-40966eecb85b\r\n");
    CHECK(response.starts_with("HTTP/1.1 404 Not Found\r\n"));
    CHECK(contains(response, R"("invocationId":"0f3dccc3-5430-4b5c-8398-40966eecb85b")"));
  }

  TEST_CASE("H-08: SIGTERM and SIGINT end it with exit code 0") {
    for (const int number : {SIGTERM, SIGINT}) {
      StartedHandler handler;
      RawConnection idle(handler.port());
      idle.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      idle.read_response();
      handler.process().signal(number);
      CHECK(handler.process().wait().value_or(-1) == 0);
      CHECK(contains(handler.process().standard_output(), "stopped"));
      CHECK(handler.process().standard_error().empty());
    }
  }

  TEST_CASE("H-08: a request in flight is answered after SIGTERM, and no new connection is taken") {
    SilentIdentityEndpoint identity;
    auto environment = identity.environment();
    environment["AZF_DRAIN_SECONDS"] = "120";  // the token request is repeated a few times before it gives up
    StartedHandler handler(environment);
    RawConnection busy(handler.port());
    busy.send("GET /api/token-status HTTP/1.1\r\nHost: h\r\nX-Azure-Functions-InvocationId: in-flight\r\n\r\n");
    CHECK(contains(handler.get("/api/health/live"), "200 OK"));  // by now the first one is at work
    handler.process().signal(SIGTERM);
    REQUIRE(handler.process().wait_for_output("stopping"));
    CHECK_FALSE(handler.process().wait(50ms).has_value());
    identity.hang_up();
    CHECK(contains(busy.read_response(), "\r\n\r\n{"));
    CHECK(handler.process().wait().value_or(-1) == 0);
  }

  TEST_CASE("H-08: a second signal ends it at once, and so does the end of the time to drain") {
    SilentIdentityEndpoint identity;
    for (const bool second_signal : {true, false}) {
      auto environment = identity.environment();
      environment["AZF_DRAIN_SECONDS"] = second_signal ? "600" : "0";
      StartedHandler handler(environment);
      RawConnection busy(handler.port());
      busy.send("GET /api/token-status HTTP/1.1\r\nHost: h\r\n\r\n");
      CHECK(contains(handler.get("/api/health/live"), "200 OK"));
      handler.process().signal(SIGTERM);
      REQUIRE(handler.process().wait_for_output("stopping"));
      if (second_signal) handler.process().signal(SIGTERM);
      INFO(handler.process().standard_error());
      CHECK(handler.process().wait().value_or(-1) == 0);
    }
  }

  TEST_CASE("H-09: it ends when its parent ends") {
    const auto port = free_port();
    auto environment = quiet_environment();
    environment["FUNCTIONS_CUSTOMHANDLER_PORT"] = std::to_string(port);
    // The shell is the host; it prints the handler's process id and is then killed.
    ChildProcess host("/bin/sh",
                      {.arguments = {"-c", "\"$0\" >/dev/null 2>&1 & echo pid $! end; wait", handler_program()},
                       .environment = environment,
                       .directory = {}});
    REQUIRE(host.wait_for_output(" end\n"));
    const pid_t handler = std::stoi(host.standard_output().substr(4));
    azf::test::wait_until_serving(port);
    host.signal(SIGKILL);
    REQUIRE(host.wait().has_value());
    bool gone = false;
    for (int i = 0; i < 3000 && !gone; ++i) {
      gone = ended(handler);
      if (!gone) std::this_thread::sleep_for(10ms);
    }
    CHECK(gone);
  }

  TEST_CASE("H-09: it ends when nobody reads its output, and SIGPIPE does not kill it") {
    StartedHandler handler;
    handler.process().close_standard_output();
    CHECK(handler.process().wait().value_or(-1) == 1);
  }

  TEST_CASE("H-10, H-11: each record is one JSON line with the invocation id, and no secret is in any of them") {
    StartedHandler handler({{"IDENTITY_ENDPOINT", "http://127.0.0.1:9/msi/token"},
                            {"IDENTITY_HEADER", "planted-identity-header"},
                            {"AZF_LOG_LEVEL", "debug"}});
    const std::string headers =
        "X-Azure-Functions-InvocationId: 0f3dccc3-5430-4b5c-8398-40966eecb85b\r\nAuthorization: Bearer "
        "planted-bearer\r\n"
        "Cookie: planted-cookie\r\nx-functions-key: planted-key\r\n";
    CHECK(contains(handler.get("/api/greet/Ada?code=planted-code", headers), "200 OK"));
    const auto failed = handler.get("/api/token-status?code=planted-code", headers);
    CHECK(contains(failed, "application/problem+json"));
    CHECK(contains(handler.get("/nowhere?code=planted-code", headers), "404"));
    handler.process().signal(SIGTERM);
    CHECK(handler.process().wait().value_or(-1) == 0);

    const std::string output = handler.process().standard_output();
    const std::string errors = handler.process().standard_error();
    CHECK_FALSE(contains(output + errors + failed, "planted"));
    CHECK(contains(output, "0f3dccc3-5430-4b5c-8398-40966eecb85b"));
    for (const auto& line : lines(output + errors)) {
      CAPTURE(line);
      const auto record = azf::parse_json(line);
      REQUIRE(record);
      CHECK(azf::required_string(*record, "level"));
      CHECK(azf::required_string(*record, "message"));
    }
    for (const auto& line : lines(errors)) CHECK(contains(line, R"("level":"warn")"));
  }

  TEST_CASE("H-12: it starts without an app folder, without a home, and with no variable but the port") {
    const auto port = free_port();
    StartedHandler handler({{"FUNCTIONS_APP_ROOT_PATH", "/nonexistent"}, {"PATH", ""}}, port);
    CHECK(contains(handler.get("/api/greet/Ada"), "Hello, Ada!"));
  }
}
