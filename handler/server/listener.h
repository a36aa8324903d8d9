#pragma once

#include "core/result.h"

#include <cstdint>

namespace azf {

/// A TCP socket that listens on 127.0.0.1 and nowhere else: the Functions host connects to that literal address, and
/// nobody but this machine may reach the handler, because the host alone checks function keys. Move-only resource.
class Listener {
 public:
  /// Binds and listens; connections queue from here on. `port` 0 takes a free one. A port that another process holds
  /// is `kTransport`; one that connections of a killed predecessor still occupy is taken over, since the host
  /// restarts a handler on the same port at once.
  static Result<Listener> create(std::uint16_t port);

  Listener(Listener&& other) noexcept;
  Listener& operator=(Listener&&) = delete;
  ~Listener();

  /// The port that was bound, never 0.
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// The descriptor, still owned by this object; -1 once closed.
  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// Refuses further connections. Those in the queue that nobody has accepted are reset.
  void close();

 private:
  Listener(int descriptor, std::uint16_t port) : descriptor_(descriptor), port_(port) {}

  int descriptor_;
  std::uint16_t port_;
};

}  // namespace azf
