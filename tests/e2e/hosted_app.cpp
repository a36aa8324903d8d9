#include "e2e/hosted_app.h"

#include "e2e/handler_app.h"
#include "support/raw_connection.h"

#include <charconv>
#include <chrono>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace azf::test {
namespace {

using namespace std::chrono_literals;

std::vector<std::string> command_line(const TemporaryDirectory& directory, std::vector<std::string> options) {
  std::vector<std::string> arguments = {
      "host", "--app-root", app_directory(), "--port", "0", "--ready-file", directory.path() + "/ready.json"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  return arguments;
}

std::map<std::string, std::string> variables(std::map<std::string, std::string> further) {
  auto environment = quiet_environment();
  for (auto& [name, value] : further) environment[name] = std::move(value);
  return environment;
}

// Polls until `ready`; throws if it is not within 60 s.
template <typename Condition>
void wait_until(Condition ready, const char* what) {
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (!ready()) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error(what);
    std::this_thread::sleep_for(5ms);
  }
}

std::string one_exchange(std::uint16_t port, const std::string& request) {
  RawConnection connection(port);
  connection.send(request);
  return connection.read_response();
}

}  // namespace

HostedApp::HostedApp(std::vector<std::string> options, std::map<std::string, std::string> environment)
    : emulator_(AZF_EMULATOR, {.arguments = command_line(directory_, std::move(options)),
                               .environment = variables(std::move(environment)),
                               .directory = {}}),
      port_(0) {
  wait_until([this] { return ready_file().is_object(); }, "the emulated host did not become ready");
  const auto url = ready_file().value("url", "");
  std::from_chars(url.data() + url.rfind(':') + 1, url.data() + url.size(), port_);
}

Json HostedApp::ready_file() const {
  std::ostringstream text;
  text << std::ifstream(directory_.path() + "/ready.json").rdbuf();
  auto json = parse_json(text.str());
  return json ? *std::move(json) : Json();
}

std::string HostedApp::get(std::string_view target, std::string_view headers) const {
  std::string request = "GET ";
  request.append(target).append(" HTTP/1.1\r\nHost: localhost\r\n").append(headers).append("\r\n");
  return one_exchange(port_, request);
}

std::string HostedApp::remove(std::string_view target) const {
  return one_exchange(port_, "DELETE " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

std::string HostedApp::post(std::string_view target, std::string_view body, std::string_view headers) const {
  std::string request = "POST ";
  request.append(target).append(" HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n").append(headers);
  request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return one_exchange(port_, request);
}

std::string HostedApp::put(std::string_view target, std::string_view body, std::string_view headers) const {
  std::string request = "PUT ";
  request.append(target).append(" HTTP/1.1\r\nHost: localhost\r\n").append(headers);
  request.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n\r\n").append(body);
  return one_exchange(port_, request);
}

std::string HostedApp::get_until(std::string_view target, std::string_view text) const {
  std::string response;
  wait_until(
      [&] {
        response = get(target);
        return response.find(text) != std::string::npos;
      },
      "the response did not come to hold what was expected");
  return response;
}

Json json_body(const std::string& response) {
  auto json = parse_json(std::string_view(response).substr(response.find("\r\n\r\n") + 4));
  if (!json) throw std::runtime_error("no JSON body: " + response);
  return *std::move(json);
}

std::string header_of(const std::string& response, std::string_view name) {
  const std::string_view head = std::string_view(response).substr(0, response.find("\r\n\r\n") + 2);
  const auto field = head.find("\r\n" + std::string(name) + ": ");
  if (field == std::string_view::npos) return {};
  const auto value = field + 2 + name.size() + 2;
  return std::string(head.substr(value, head.find("\r\n", value) - value));
}

}  // namespace azf::test
