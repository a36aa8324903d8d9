#include "server/listener.h"

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace azf {
namespace {

// More than the host ever opens at once; the kernel cuts it to net.core.somaxconn.
constexpr int kBacklog = 1024;

Error socket_error(const std::string& authority, int code) {
  std::string message =
      "cannot listen on " + authority + ": " + std::error_code(code, std::generic_category()).message();
  if (code == EADDRINUSE) message += "; another process has this port, choose a different one or stop that process";
  if (code == EACCES) message += "; ports below 1024 need a privilege, choose a higher one";
  if (code == EADDRNOTAVAIL) message += "; no interface of this machine has this address";
  return {ErrorKind::kTransport, std::move(message)};
}

void set_option(int socket, int level, int name, int value) { ::setsockopt(socket, level, name, &value, sizeof value); }

}  // namespace

Result<Listener> Listener::create(std::uint16_t port, const IpAddress& address) {
  Listener listener(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), address, port);
  const int descriptor = listener.descriptor_;
  const auto failure = [&listener](int code) { return socket_error(listener.authority(), code); };
  if (descriptor < 0) return failure(errno);

  set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
  if (address.family() == AF_INET6) set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  sockaddr_storage bound = address.with_port(port);
  auto* const generic = reinterpret_cast<sockaddr*>(&bound);
  socklen_t size = address.family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  if (::bind(descriptor, generic, size) != 0 || ::listen(descriptor, kBacklog) != 0 ||
      ::getsockname(descriptor, generic, &size) != 0) {
    return failure(errno);
  }
  listener.port_ = port_of(bound);
  return listener;
}

Listener::Listener(Listener&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), address_(other.address_), port_(other.port_) {}

Listener::~Listener() { close(); }

std::string Listener::authority() const {
  const std::string host = to_string(address_);
  return (address_.family() == AF_INET6 ? "[" + host + "]" : host) + ":" + std::to_string(port_);
}

void Listener::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

}  // namespace azf
