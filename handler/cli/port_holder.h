#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace azf::cli {

/// A process. Value.
struct PortHolder {
  int process = 0;
  std::string program;  ///< as the kernel names it, at most 15 bytes
};

/// Who listens on that TCP port of this machine, as far as /proc tells this user; nothing if it does not.
std::optional<PortHolder> find_port_holder(std::uint16_t port);

}  // namespace azf::cli
