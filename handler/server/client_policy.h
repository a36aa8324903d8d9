#pragma once

#include "server/ip_address.h"

#include <atomic>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace azf {

/// Whether the kernel is asked who owns the other end of a connection.
enum class OwnerCheck { kOn, kOff };

/// What came of that. Value.
struct OwnerVerdict {
  enum class Kind {
    kAdmitted,  ///< an owner who may connect, or a client that the check is not for
    kRefused,   ///< somebody else, or no descriptor left to ask by
    kGone,      ///< the client has closed the connection, and with it nobody owns it any more
    kUnknown,   ///< this platform cannot tell
  };

  Kind kind = Kind::kAdmitted;
  /// User id of the owner; only of one who is refused.
  std::optional<uid_t> owner{};
  /// For the log; empty if admitted.
  std::string reason{};

  /// Whether the connection may be served.
  [[nodiscard]] bool admits() const { return kind == Kind::kAdmitted || kind == Kind::kUnknown; }
};

/// Who may connect. The Functions host alone checks keys, so whoever reaches the handler may call every function.
/// Thread-safe; immutable but for what it has learned about the platform.
class ClientPolicy {
 public:
  /// Admits clients of `allowed`; if that is empty, those on loopback. To be created at start, while the process that
  /// started this one, perhaps the host, is its parent. Asks nobody yet.
  explicit ClientPolicy(std::vector<AddressRange> allowed = {}, OwnerCheck owner_check = OwnerCheck::kOn);

  /// Whether a client at `peer`, as accept(2) gives it, may connect. On loopback this is no formality: a neighbour's
  /// packet to 127.0.0.1 arrives where net.ipv4.conf.*.route_localnet is set.
  [[nodiscard]] bool admits_address(const sockaddr_storage& peer) const;

  /// Who owns the other end of the connected TCP socket `socket`, if that is on loopback: admitted are this process's
  /// effective user, root, and the effective user of the parent process. Asks the kernel anew each time (10 to 30 us,
  /// the first time perhaps some ms to load a module), and needs a descriptor meanwhile. An owner does not change: one
  /// call for each connection is enough, before the first of its requests is served.
  [[nodiscard]] OwnerVerdict owner_of(int socket) const;

 private:
  [[nodiscard]] bool may_connect(uid_t owner) const;

  std::vector<AddressRange> allowed_;
  OwnerCheck owner_check_;
  pid_t parent_;
  mutable std::atomic<int> platform_error_{0};  // errno of the question that this platform does not answer
};

}  // namespace azf
