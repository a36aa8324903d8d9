#pragma once

#include "support/child_process.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace azf::test {

/// The staged app under test: the folder in AZF_APP_DIR, else the one of this build.
std::string app_directory();
/// The staged executable.
std::string handler_program();

/// A port that was free a moment ago.
std::uint16_t free_port();

/// The environment in which the tests start a handler: no variable of this machine, and no way to any identity
/// endpoint but those on loopback that a test adds.
std::map<std::string, std::string> quiet_environment();

/// Probes a handler as the host does until it answers; throws std::runtime_error if it does not within 30 s.
void wait_until_serving(std::uint16_t port);

/// Starts the staged handler as the Functions host does and waits until it answers the host's probe.
class StartedHandler {
 public:
  explicit StartedHandler(std::map<std::string, std::string> further_environment = {}, std::uint16_t port = free_port(),
                          std::map<int, rlimit> limits = {});

  [[nodiscard]] std::uint16_t port() const { return port_; }
  ChildProcess& process() { return process_; }

  /// One exchange on a connection of its own; the whole response. `headers` end with a line break each.
  [[nodiscard]] std::string get(std::string_view target, std::string_view headers = "") const;
  [[nodiscard]] std::string post(std::string_view target, std::string_view headers, std::string_view body) const;

 private:
  std::uint16_t port_;
  ChildProcess process_;
};

}  // namespace azf::test
