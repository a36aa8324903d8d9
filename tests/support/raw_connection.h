#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace azf::test {

/// A client socket on 127.0.0.1 that sends and receives bytes as they are, for what no proper client would send.
/// Fails by throwing std::runtime_error, which fails the test. No read waits longer than 20 s.
class RawConnection {
 public:
  /// Whether the peer has ended the connection: in order, or by a reset, which may destroy what it had sent.
  enum class Ending { kNone, kClosed, kReset };

  explicit RawConnection(std::uint16_t port);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  void send(std::string_view bytes);
  /// Likewise, but false if the peer takes no more.
  bool try_send(std::string_view bytes);
  /// One response: its head, and as much body as its Content-Length says. `head_only` for replies to HEAD.
  std::string read_response(bool head_only = false);
  /// Everything until the peer closes.
  std::string read_to_end();
  /// Further bytes, waiting for them at most `limit`; none if none came, see `ending`.
  std::string read_some(std::chrono::milliseconds limit);
  [[nodiscard]] Ending ending() const { return ending_; }
  void shutdown_writing();

 private:
  bool receive();

  int socket_;
  std::string received_;
  Ending ending_ = Ending::kNone;
};

}  // namespace azf::test
