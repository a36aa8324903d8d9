#include "support/loopback_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <netinet/in.h>
#include <optional>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace azf::test {
namespace {

class PlainChannel final : public Channel {
 public:
  explicit PlainChannel(int socket) : socket_(socket) {}

  std::size_t read(char* buffer, std::size_t size) override {
    const auto count = recv(socket_, buffer, size, 0);
    return count > 0 ? static_cast<std::size_t>(count) : 0;
  }

  bool write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const auto count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (count <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return true;
  }

 private:
  const int socket_;
};

// Reads requests one after another.
class RequestReader {
 public:
  explicit RequestReader(Channel& channel) : channel_(channel) {}

  // Nothing when the peer is gone.
  std::optional<RawRequest> next() {
    std::size_t head_end = 0;
    while ((head_end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return std::nullopt;
    }
    auto request = parse_head(std::string_view(buffer_).substr(0, head_end + 2));
    buffer_.erase(0, head_end + 4);
    const std::string length(request.headers.get("content-length").value_or("0"));
    const auto size = static_cast<std::size_t>(std::stoull(length));
    while (buffer_.size() < size) {
      if (!fill()) return std::nullopt;
    }
    request.body = buffer_.substr(0, size);
    buffer_.erase(0, size);
    return request;
  }

 private:
  bool fill() {
    std::array<char, 16384> block{};
    const auto count = channel_.read(block.data(), block.size());
    buffer_.append(block.data(), count);
    return count > 0;
  }

  // Lines, each with its line break.
  static RawRequest parse_head(std::string_view head) {
    RawRequest request;
    request.request_line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(request.request_line.size() + 2);
    while (!head.empty()) {
      const auto line = head.substr(0, head.find("\r\n"));
      head.remove_prefix(line.size() + 2);
      const auto colon = std::min(line.find(':'), line.size());
      auto value = line.substr(std::min(colon + 1, line.size()));
      value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
      request.headers.add(std::string(line.substr(0, colon)), std::string(value));
    }
    return request;
  }

  Channel& channel_;
  std::string buffer_;
};

// Makes close() send RST instead of FIN.
void discard_on_close(int socket) {
  const linger now{1, 0};
  (void)setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace

std::unique_ptr<Channel> plain_channel(int socket) { return std::make_unique<PlainChannel>(socket); }

LoopbackServer::LoopbackServer(Script script, ChannelFactory channel)
    : script_(std::move(script)), channel_(std::move(channel)) {
  listener_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  if (listener_ < 0 || bind(listener_, generic, size) != 0 || listen(listener_, SOMAXCONN) != 0 ||
      getsockname(listener_, generic, &size) != 0) {
    throw std::system_error(errno, std::generic_category(), "LoopbackServer");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_connections(); });
}

LoopbackServer::~LoopbackServer() {
  std::vector<std::thread> threads;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    (void)shutdown(listener_, SHUT_RDWR);
    for (const int socket : sockets_) (void)shutdown(socket, SHUT_RDWR);
  }
  acceptor_.join();  // no further thread begins after this
  {
    const MutexLock lock(mutex_);
    threads.swap(threads_);
  }
  for (auto& thread : threads) thread.join();
  (void)close(listener_);
}

std::string LoopbackServer::url(std::string_view target) const {
  return "http://127.0.0.1:" + std::to_string(port_) + std::string(target);
}

std::vector<RawRequest> LoopbackServer::requests() const {
  const MutexLock lock(mutex_);
  return requests_;
}

std::size_t LoopbackServer::connections() const {
  const MutexLock lock(mutex_);
  return threads_.size();
}

void LoopbackServer::accept_connections() {
  while (true) {
    const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) return;
    const MutexLock lock(mutex_);
    if (stopping_) {
      (void)close(socket);
      return;
    }
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void LoopbackServer::serve(int socket) {
  bool reset = false;
  if (const auto channel = channel_(socket)) {
    RequestReader reader(*channel);
    while (auto request = reader.next()) {
      const auto reply = script_(*request);
      {
        const MutexLock lock(mutex_);
        requests_.push_back(std::move(*request));
      }
      reset = reply.then == RawReply::Then::kReset;
      if (!channel->write(reply.bytes) || reply.then != RawReply::Then::kNextRequest) break;
    }
  }
  if (reset) discard_on_close(socket);
  const MutexLock lock(mutex_);
  std::erase(sockets_, socket);
  (void)close(socket);
}

}  // namespace azf::test
