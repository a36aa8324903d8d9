#include "server/listener.h"

#include <arpa/inet.h>
#include <cerrno>
#include <netinet/in.h>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace azf {
namespace {

// More than the host ever opens at once; the kernel cuts it to net.core.somaxconn.
constexpr int kBacklog = 1024;

Error socket_error(std::uint16_t port, int code) {
  std::string message = "cannot listen on 127.0.0.1:" + std::to_string(port) + ": " +
                        std::error_code(code, std::generic_category()).message();
  if (code == EADDRINUSE) message += "; another process has this port, choose a different one or stop that process";
  if (code == EACCES) message += "; ports below 1024 need a privilege, choose a higher one";
  return {ErrorKind::kTransport, std::move(message)};
}

}  // namespace

Result<Listener> Listener::create(std::uint16_t port) {
  Listener listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), port);
  if (listener.descriptor_ < 0) return socket_error(port, errno);

  const int on = 1;
  ::setsockopt(listener.descriptor_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::bind(listener.descriptor_, generic, size) != 0 || ::listen(listener.descriptor_, kBacklog) != 0 ||
      ::getsockname(listener.descriptor_, generic, &size) != 0) {
    return socket_error(port, errno);
  }
  listener.port_ = ntohs(address.sin_port);
  return listener;
}

Listener::Listener(Listener&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)), port_(other.port_) {}

Listener::~Listener() { close(); }

void Listener::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace azf
