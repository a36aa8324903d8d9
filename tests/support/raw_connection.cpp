#include "support/raw_connection.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <charconv>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <utility>

namespace azf::test {

RawConnection::RawConnection(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  const timeval limit{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // what is sent by itself arrives by itself
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    ::close(socket_);
    throw std::runtime_error("cannot connect");
  }
}

RawConnection::~RawConnection() { ::close(socket_); }

void RawConnection::send(std::string_view bytes) {
  if (!try_send(bytes)) throw std::runtime_error("cannot send");
}

bool RawConnection::try_send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

std::string RawConnection::read_response(bool head_only) {
  std::size_t head_end = 0;
  while ((head_end = received_.find("\r\n\r\n")) == std::string::npos) {
    if (!receive()) throw std::runtime_error("the connection ended within a response head: " + received_);
  }
  std::size_t size = head_end + 4;
  constexpr std::string_view kLength = "\r\nContent-Length: ";
  if (const auto at = received_.find(kLength); !head_only && at < head_end) {
    std::size_t length = 0;
    std::from_chars(received_.data() + at + kLength.size(), received_.data() + head_end, length);
    size += length;
  }
  while (received_.size() < size) {
    if (!receive()) throw std::runtime_error("the connection ended within a response body");
  }
  std::string response = received_.substr(0, size);
  received_.erase(0, size);
  return response;
}

std::string RawConnection::read_to_end() {
  while (receive()) {
  }
  return std::exchange(received_, {});
}

std::string RawConnection::read_some(std::chrono::milliseconds limit) {
  pollfd event{.fd = socket_, .events = POLLIN, .revents = 0};
  if (received_.empty() && ::poll(&event, 1, static_cast<int>(limit.count())) > 0) receive();
  return std::exchange(received_, {});
}

void RawConnection::shutdown_writing() { ::shutdown(socket_, SHUT_WR); }

bool RawConnection::receive() {
  std::array<char, 65536> bytes;
  const ssize_t count = ::recv(socket_, bytes.data(), bytes.size(), 0);
  if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw std::runtime_error("nothing received for 20 s");
  if (count <= 0) {
    ending_ = count == 0 ? Ending::kClosed : Ending::kReset;
    return false;
  }
  received_.append(bytes.data(), static_cast<std::size_t>(count));
  return true;
}

}  // namespace azf::test
