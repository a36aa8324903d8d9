#pragma once

#include "core/json.h"
#include "support/child_process.h"
#include "support/temporary_directory.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace azf::test {

/// The staged app under the emulated Functions host, on a free port.
class HostedApp {
 public:
  /// `options` go to `emulator host` besides those that the tests always need.
  explicit HostedApp(std::vector<std::string> options = {}, std::map<std::string, std::string> environment = {});

  ChildProcess& emulator() { return emulator_; }
  /// What the host says of itself now; see tests/emulator/README.md.
  [[nodiscard]] Json ready_file() const;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// One exchange with the host on a connection of its own; the whole response. `headers` end with a line break each.
  [[nodiscard]] std::string get(std::string_view target, std::string_view headers = "") const;
  [[nodiscard]] std::string post(std::string_view target, std::string_view body, std::string_view headers = "") const;
  [[nodiscard]] std::string put(std::string_view target, std::string_view body, std::string_view headers = "") const;
  [[nodiscard]] std::string remove(std::string_view target) const;
  /// `get`, repeated until the response holds `text`; the last response.
  [[nodiscard]] std::string get_until(std::string_view target, std::string_view text) const;

  /// What the host and the handler have written so far.
  [[nodiscard]] std::string log() const { return emulator_.standard_output() + emulator_.standard_error(); }

 private:
  TemporaryDirectory directory_;
  ChildProcess emulator_;
  std::uint16_t port_;
};

/// The body of a response, parsed.
Json json_body(const std::string& response);
/// The value of a response's header field, whose name is spelled as it is sent; empty without it.
std::string header_of(const std::string& response, std::string_view name);

}  // namespace azf::test
