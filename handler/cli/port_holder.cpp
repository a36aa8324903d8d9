#include "cli/port_holder.h"

#include "core/number_text.h"
#include "identity/text.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

namespace azf::cli {
namespace {

// Linux documentation, "proc_net_tcp": the second field is the local address and port in hexadecimal digits, the
// fourth the state, the tenth the socket's inode.
std::set<std::string> listening_sockets(const char* table, std::uint16_t port) {
  constexpr std::string_view kListening = "0A";
  std::set<std::string> sockets;
  std::ifstream lines(table);
  std::string line;
  while (std::getline(lines, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retransmits, user, timeouts, inode;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> user >> timeouts >> inode;
    const auto colon = local.rfind(':');
    if (!fields || colon == std::string::npos || state != kListening) continue;
    unsigned number = 0;
    std::from_chars(local.data() + colon + 1, local.data() + local.size(), number, 16);
    if (number == port) sockets.insert("socket:[" + inode + "]");
  }
  return sockets;
}

bool holds_one_of(const std::filesystem::path& process, const std::set<std::string>& sockets) {
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(process / "fd", failure), end; !failure && entry != end;
       entry.increment(failure)) {
    std::error_code gone;
    if (sockets.contains(std::filesystem::read_symlink(entry->path(), gone).string())) return true;
  }
  return false;
}

}  // namespace

std::optional<PortHolder> find_port_holder(std::uint16_t port) {
  auto sockets = listening_sockets("/proc/net/tcp", port);
  sockets.merge(listening_sockets("/proc/net/tcp6", port));
  if (sockets.empty()) return std::nullopt;
  std::error_code failure;
  for (std::filesystem::directory_iterator entry("/proc", failure), end; !failure && entry != end;
       entry.increment(failure)) {
    const std::string name = entry->path().filename();
    const auto process = parse_number<int>(name);
    if (!process || !holds_one_of(entry->path(), sockets)) continue;
    std::ifstream comm(entry->path() / "comm");
    std::string program;
    std::getline(comm, program);
    return PortHolder{*process, identity::printable(program, 100)};
  }
  return std::nullopt;
}

}  // namespace azf::cli
