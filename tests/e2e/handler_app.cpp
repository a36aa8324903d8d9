#include "e2e/handler_app.h"

#include "server/listener.h"
#include "support/raw_connection.h"

#include <cstdlib>
#include <stdexcept>
#include <thread>
#include <utility>

namespace azf::test {
namespace {

std::map<std::string, std::string> host_environment(std::map<std::string, std::string> further, std::uint16_t port) {
  auto environment = quiet_environment();
  environment["FUNCTIONS_CUSTOMHANDLER_PORT"] = std::to_string(port);
  environment["FUNCTIONS_APP_ROOT_PATH"] = app_directory();
  for (auto& [name, value] : further) environment[name] = std::move(value);
  return environment;
}

std::string one_exchange(std::uint16_t port, std::string_view request) {
  RawConnection connection(port);
  connection.send(request);
  return connection.read_response();
}

}  // namespace

std::string app_directory() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): read before any thread is started
  const char* chosen = std::getenv("AZF_APP_DIR");
  return chosen != nullptr ? chosen : AZF_BUILT_APP_DIR;
}

std::string handler_program() { return app_directory() + "/handler"; }

std::uint16_t free_port() { return Listener::create(0)->port(); }

std::map<std::string, std::string> quiet_environment() {
  // Port 9 is "discard": nothing listens there, so a look for IMDS is refused at once and never leaves the machine.
  // Without the warm-up a handler asks services for nothing but what a test asks it for.
  // A handler that is told to end at once leaves threads behind on purpose; ThreadSanitizer would call that a leak.
  return {{"AZF_WARM_UP", "off"},
          {"AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://127.0.0.1:9"},
          {"PATH", "/usr/bin:/bin"},
          {"TSAN_OPTIONS", "report_thread_leaks=0"}};
}

StartedHandler::StartedHandler(std::map<std::string, std::string> further_environment, std::uint16_t port,
                               std::map<int, rlimit> limits)
    : port_(port),
      process_(handler_program(), {.arguments = {},
                                   .environment = host_environment(std::move(further_environment), port),
                                   .directory = app_directory(),
                                   .limits = std::move(limits)}) {
  wait_until_serving(port_);
}

void wait_until_serving(std::uint16_t port) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (true) {
    try {
      one_exchange(port, "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
      return;
    } catch (const std::runtime_error&) {
      if (std::chrono::steady_clock::now() > end) throw;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }
}

std::string StartedHandler::get(std::string_view target, std::string_view headers) const {
  std::string request = "GET ";
  request.append(target).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n").append(headers).append("\r\n");
  return one_exchange(port_, request);
}

std::string StartedHandler::post(std::string_view target, std::string_view headers, std::string_view body) const {
  std::string request = "POST ";
  request.append(target).append(" HTTP/1.1\r\nHost: 127.0.0.1\r\n").append(headers);
  request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return one_exchange(port_, request);
}

}  // namespace azf::test
