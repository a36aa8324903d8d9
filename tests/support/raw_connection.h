#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace azf::test {

/// A client socket on 127.0.0.1 that sends and receives bytes as they are, for what no proper client would send.
/// Fails by throwing std::runtime_error, which fails the test. No read waits longer than 20 s.
class RawConnection {
 public:
  explicit RawConnection(std::uint16_t port);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  void send(std::string_view bytes);
  /// One response: its head, and as much body as its Content-Length says. `head_only` for replies to HEAD.
  std::string read_response(bool head_only = false);
  /// Everything until the peer closes.
  std::string read_to_end();
  void shutdown_writing();

 private:
  bool receive();

  int socket_;
  std::string received_;
};

}  // namespace azf::test
