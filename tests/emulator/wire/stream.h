#pragma once

#include "core/clock.h"
#include "core/result.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace azf::emulator {

/// Owns a file descriptor; move-only, closes when it dies.
class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int number) : number_(number) {}
  FileDescriptor(FileDescriptor&& other) noexcept;
  FileDescriptor& operator=(FileDescriptor&& other) noexcept;
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor();

  [[nodiscard]] int get() const noexcept { return number_; }
  [[nodiscard]] bool valid() const noexcept { return number_ >= 0; }
  void close() noexcept;

 private:
  int number_ = -1;
};

/// Bytes both ways over one connection. Failures: `kTimeout` when the deadline passes, `kTransport` when the
/// connection breaks. One thread at a time.
class Stream {
 public:
  virtual ~Stream() = default;

  /// Waits for at least one byte and returns how many were stored; 0 is the orderly end of the peer's bytes.
  [[nodiscard]] virtual Result<std::size_t> read(std::span<char> buffer, Deadline deadline) = 0;
  /// Writes all bytes.
  [[nodiscard]] virtual Result<Success> write(std::string_view bytes, Deadline deadline) = 0;
};

/// A clear-text stream over a connected socket.
class SocketStream final : public Stream {
 public:
  /// `socket` is connected and non-blocking; its owner and `clock` outlive the stream.
  SocketStream(int socket, const Clock& clock) : socket_(socket), clock_(clock) {}

  Result<std::size_t> read(std::span<char> buffer, Deadline deadline) override;
  Result<Success> write(std::string_view bytes, Deadline deadline) override;

  /// Reads from now on fail with `kCancelled` soon after `condition` has become true; an empty one: never.
  void end_reads_when(std::function<bool()> condition) { end_reads_ = std::move(condition); }

  /// Whether the peer has sent something or closed: an idle connection of which this is true must not be used again.
  [[nodiscard]] bool has_event() const;

 private:
  // Until there is something to read.
  Result<Success> wait_to_read(Deadline deadline) const;

  const int socket_;
  const Clock& clock_;
  std::function<bool()> end_reads_;
};

/// Waits until `socket` is ready for `events` (of `poll`). Fails with `kTimeout`.
Result<Success> wait_for_socket(int socket, short events, Deadline deadline, const Clock& clock);

/// A non-blocking connection to 127.0.0.1:`port`. `kNotFound` when it is refused, else `kTimeout` or `kTransport`.
Result<FileDescriptor> connect_loopback(int port, Deadline deadline, const Clock& clock);
/// A listening socket on 127.0.0.1; port 0 takes a free one. `kTransport` when the port is taken.
Result<FileDescriptor> listen_loopback(int port);
/// Listens again with a socket of `listen_loopback` that was shut down: its port was refused meanwhile, but stayed its.
Result<Success> listen_again(const FileDescriptor& socket);
/// Breaks a connection in the way that the end of a process may: both sides see a reset.
void reset_connection(const FileDescriptor& socket);
/// Another descriptor of the same socket.
Result<FileDescriptor> duplicate(const FileDescriptor& socket);
/// The port that a socket is bound to.
int local_port(const FileDescriptor& socket);
/// A port of 127.0.0.1 that nobody uses at the moment, found as the Functions host does: bind to 0, read, close.
Result<int> find_free_port();

}  // namespace azf::emulator
