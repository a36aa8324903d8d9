#pragma once

#include "core/mutex.h"
#include "http/message.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace azf::test {

/// The bytes of one accepted connection, plain or under TLS. Used by one thread.
class Channel {
 public:
  virtual ~Channel() = default;
  /// Blocks; returns how many bytes came, 0 at the end or after a failure.
  virtual std::size_t read(char* buffer, std::size_t size) = 0;
  /// False when the peer is gone.
  virtual bool write(std::string_view bytes) = 0;
};

/// Makes the channel of a connected socket, which stays the server's to close; null to hang up.
using ChannelFactory = std::function<std::unique_ptr<Channel>(int socket)>;

/// Plain TCP.
std::unique_ptr<Channel> plain_channel(int socket);

/// One scripted answer: raw bytes, so that a test can send what no proper server would, and what happens next.
struct RawReply {
  enum class Then { kNextRequest, kClose, kReset };

  std::string bytes{};
  Then then = Then::kNextRequest;
};

/// A request as it came over the wire.
struct RawRequest {
  /// Such as `GET /path?query HTTP/1.1`.
  std::string request_line{};
  Headers headers{};
  std::string body{};
};

/// A server on a free port of 127.0.0.1 that answers each request with what a function says. An empty reply followed
/// by kNextRequest is a server that never answers. Requests with a body must have a Content-Length. The function runs
/// on the connection's thread, several at a time.
class LoopbackServer {
 public:
  using Script = std::function<RawReply(const RawRequest&)>;

  /// Listens when it returns.
  explicit LoopbackServer(Script script, ChannelFactory channel = plain_channel);
  /// Always the same reply.
  explicit LoopbackServer(RawReply reply) : LoopbackServer([reply](const RawRequest&) { return reply; }) {}
  /// Ends all connections.
  ~LoopbackServer();
  LoopbackServer(const LoopbackServer&) = delete;
  LoopbackServer& operator=(const LoopbackServer&) = delete;

  [[nodiscard]] unsigned port() const { return port_; }
  /// `http://127.0.0.1:<port><target>`
  [[nodiscard]] std::string url(std::string_view target = "/") const;
  /// All requests so far, in the order in which they were complete.
  [[nodiscard]] std::vector<RawRequest> requests() const;
  /// How many connections were accepted so far.
  [[nodiscard]] std::size_t connections() const;

 private:
  void accept_connections();
  void serve(int socket);

  const Script script_;
  const ChannelFactory channel_;
  int listener_ = -1;
  unsigned port_ = 0;

  mutable Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::vector<int> sockets_ GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ GUARDED_BY(mutex_);
  std::vector<RawRequest> requests_ GUARDED_BY(mutex_);

  std::thread acceptor_;
};

}  // namespace azf::test
