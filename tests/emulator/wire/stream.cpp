#include "emulator/wire/stream.h"

#include <climits>

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace azf::emulator {
namespace {

// How often it is asked whether a read is still wanted.
constexpr std::chrono::milliseconds kEndOfReadsCheck{20};

Error transport_error(std::string_view what) {
  return {ErrorKind::kTransport, std::string(what) + ": " + std::generic_category().message(errno)};
}

Error connect_error() {
  const bool refused = errno == ECONNREFUSED;
  Error error = transport_error("connect");
  if (refused) error.kind = ErrorKind::kNotFound;
  return error;
}

sockaddr_in loopback_address(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// poll's time-out in whole milliseconds, rounded up so that a wait never ends just before its deadline.
int poll_milliseconds(Deadline deadline, const Clock& clock) {
  const auto left = deadline.remaining(clock);
  if (left == std::chrono::nanoseconds::max()) return -1;
  return static_cast<int>(
      std::min<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(left).count(), std::int64_t{INT_MAX}));
}

Result<FileDescriptor> bound_socket(int port) {
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return transport_error("socket");
  const int on = 1;
  ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in address = loopback_address(port);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return transport_error("port " + std::to_string(port) + " of 127.0.0.1");
  }
  return socket;
}

}  // namespace

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
  if (this != &other) {
    close();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

FileDescriptor::~FileDescriptor() { close(); }

void FileDescriptor::close() noexcept {
  if (number_ >= 0) ::close(std::exchange(number_, -1));
}

Result<Success> wait_for_socket(int socket, short events, Deadline deadline, const Clock& clock) {
  for (;;) {
    pollfd wanted{socket, events, 0};
    const int ready = ::poll(&wanted, 1, poll_milliseconds(deadline, clock));
    if (ready > 0) return Success{};
    if (ready < 0 && errno != EINTR) return transport_error("poll");
    if (deadline.passed(clock)) return Error{ErrorKind::kTimeout, "the time limit passed while waiting for the peer"};
  }
}

Result<Success> SocketStream::wait_to_read(Deadline deadline) const {
  if (!end_reads_) return wait_for_socket(socket_, POLLIN, deadline, clock_);
  for (;;) {
    if (end_reads_()) return Error{ErrorKind::kCancelled, "nobody waits for the peer any more"};
    auto ready = wait_for_socket(socket_, POLLIN, deadline.or_sooner(clock_, kEndOfReadsCheck), clock_);
    if (ready || ready.error().kind != ErrorKind::kTimeout || deadline.passed(clock_)) return ready;
  }
}

Result<std::size_t> SocketStream::read(std::span<char> buffer, Deadline deadline) {
  for (;;) {
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return transport_error("receive");
    if (auto ready = wait_to_read(deadline); !ready) return std::move(ready).error();
  }
}

Result<Success> SocketStream::write(std::string_view bytes, Deadline deadline) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(count));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return transport_error("send");
    if (auto ready = wait_for_socket(socket_, POLLOUT, deadline, clock_); !ready) return ready;
  }
  return Success{};
}

bool SocketStream::has_event() const {
  pollfd wanted{socket_, POLLIN, 0};
  return ::poll(&wanted, 1, 0) != 0;
}

Result<FileDescriptor> connect_loopback(int port, Deadline deadline, const Clock& clock) {
  FileDescriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return transport_error("socket");
  const sockaddr_in address = loopback_address(port);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno != EINPROGRESS) return connect_error();
    if (auto ready = wait_for_socket(socket.get(), POLLOUT, deadline, clock); !ready) return std::move(ready).error();
    socklen_t size = sizeof errno;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &errno, &size) != 0 || errno != 0) return connect_error();
  }
  // A head and a body may go out in two sends; without this the second waits for the peer's delayed acknowledgement.
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

Result<FileDescriptor> listen_loopback(int port) {
  auto socket = bound_socket(port);
  if (!socket) return socket;
  // A port that the system has chosen is not the socket's own beyond a shutdown; one that was named is.
  if (port == 0) {
    const FileDescriptor chosen = *std::move(socket);
    socket = bound_socket(local_port(chosen));
    if (!socket) return socket;
  }
  if (auto listening = listen_again(*socket); !listening) return std::move(listening).error();
  return socket;
}

Result<Success> listen_again(const FileDescriptor& socket) {
  if (::listen(socket.get(), SOMAXCONN) == 0) return Success{};
  return transport_error("port " + std::to_string(local_port(socket)) + " of 127.0.0.1");
}

void reset_connection(const FileDescriptor& socket) {
  sockaddr nobody{};
  nobody.sa_family = AF_UNSPEC;  // dissolves the association (connect(2)), for TCP by a reset
  (void)::connect(socket.get(), &nobody, sizeof nobody);
}

Result<FileDescriptor> duplicate(const FileDescriptor& socket) {
  FileDescriptor copy(::fcntl(socket.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy.valid()) return transport_error("dup");
  return copy;
}

int local_port(const FileDescriptor& socket) {
  sockaddr_in address{};
  socklen_t size = sizeof address;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
  return ntohs(address.sin_port);
}

Result<int> find_free_port() {
  auto socket = listen_loopback(0);
  if (!socket) return std::move(socket).error();
  return local_port(*socket);
}

}  // namespace azf::emulator
