#pragma once

#include "core/result.h"
#include "server/ip_address.h"

#include <cstdint>
#include <string>

namespace azf {

/// A TCP socket that listens, by default on 127.0.0.1 and nowhere else: the Functions host connects to that literal
/// address, and nobody but this machine may reach the handler, because the host alone checks function keys. Any other
/// address needs a `ClientPolicy` with a list of clients. accept(2) on it never waits, and what it accepts sends
/// without delay (TCP_NODELAY, which Linux hands down). Move-only resource.
class Listener {
 public:
  /// Binds and listens; connections queue from here on. `port` 0 takes a free one, `::` takes IPv4 too. A port that
  /// another process holds, or an address that this machine does not have, is `kTransport`; a port that connections of
  /// a killed predecessor still occupy is taken over, since the host restarts a handler on the same port at once.
  static Result<Listener> create(std::uint16_t port, const IpAddress& address = IpAddress::loopback());

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  /// Where it listens, as in a URL: `127.0.0.1:8080`, `[::1]:8080`.
  [[nodiscard]] std::string authority() const;
  /// The port that was bound, never 0.
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// The descriptor, still owned by this object; -1 once closed.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// Refuses further connections. Those in the queue that nobody has accepted are reset.
  void close();

 private:
  Listener(int descriptor, const IpAddress& address, std::uint16_t port)
      : descriptor_(descriptor), address_(address), port_(port) {}

  int descriptor_;
  IpAddress address_;
  std::uint16_t port_;
};

}  // namespace azf
