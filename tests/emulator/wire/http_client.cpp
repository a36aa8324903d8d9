#include "emulator/wire/http_client.h"

#include "emulator/wire/message_io.h"
#include "emulator/wire/stream.h"

#include <chrono>
#include <sys/socket.h>
#include <utility>

namespace azf::emulator {
namespace {

using std::chrono::seconds;

constexpr seconds kIdleLimit{60};
// How long .NET waits for `100 Continue` before it sends the body all the same.
constexpr seconds kContinueWait{1};

Result<Reply> exchange_messages(Stream& stream, MessageReader& reader, const Request& request, Deadline deadline,
                                const Clock& clock) {
  const bool waits = !request.body.empty() && header_has_token(request.headers, "Expect", "100-continue");
  if (waits) {
    if (auto sent = stream.write(head_to_wire(request), deadline); !sent) return std::move(sent).error();
    (void)reader.wait_for_bytes(deadline.or_sooner(clock, kContinueWait));
  }
  auto sent = stream.write(waits ? body_to_wire(request) : to_wire(request), deadline);
  // A peer may answer early and stop reading, so a reply that is already here counts more than the failed write.
  auto reply = reader.read_reply(request.method, deadline);
  if (!reply && !sent) return std::move(sent).error();
  return reply;
}

}  // namespace

struct LoopbackClient::Connection {
  Connection(FileDescriptor connected, const Clock& clock)
      : socket(std::move(connected)), stream(socket.get(), clock), reader(stream) {}

  FileDescriptor socket;
  SocketStream stream;
  MessageReader reader;
  SteadyTime idle_since;
};

LoopbackClient::LoopbackClient(int port, const Clock& clock) : port_(port), clock_(clock) {}
LoopbackClient::~LoopbackClient() = default;

std::unique_ptr<LoopbackClient::Connection> LoopbackClient::take_idle_connection() {
  const MutexLock lock(mutex_);
  while (!idle_.empty()) {
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    const bool fresh = clock_.steady_now() - connection->idle_since < kIdleLimit;
    if (fresh && !connection->stream.has_event()) return connection;
  }
  return nullptr;
}

void LoopbackClient::break_connections() {
  const MutexLock lock(mutex_);
  idle_.clear();
  for (const int socket : sockets_in_use_) ::shutdown(socket, SHUT_RDWR);
}

void LoopbackClient::close() {
  {
    const MutexLock lock(mutex_);
    closed_ = true;
  }
  break_connections();
}

Result<Reply> LoopbackClient::exchange(Connection& connection, const Request& request, Deadline deadline) {
  {
    const MutexLock lock(mutex_);
    if (closed_) return Error{ErrorKind::kTransport, "the client is closed"};
    sockets_in_use_.insert(connection.socket.get());
  }
  auto reply = exchange_messages(connection.stream, connection.reader, request, deadline, clock_);
  const MutexLock lock(mutex_);
  sockets_in_use_.erase(connection.socket.get());
  return reply;
}

Result<Reply> LoopbackClient::send(const Request& request, Deadline deadline) {
  auto connection = take_idle_connection();
  for (;;) {
    const bool reused = connection != nullptr;
    if (!reused) {
      auto socket = connect_loopback(port_, deadline, clock_);
      if (!socket) return std::move(socket).error();
      connection = std::make_unique<Connection>(std::move(*socket), clock_);
    }
    auto reply = exchange(*connection, request, deadline);
    const bool lost = !reply && reply.error().kind != ErrorKind::kTimeout && !connection->reader.reply_begun();
    if (lost && reused && request.body.empty()) {
      connection.reset();
      continue;
    }
    if (reply && connection->reader.reusable() && !connection->reader.has_bytes()) {
      connection->idle_since = clock_.steady_now();
      const MutexLock lock(mutex_);
      idle_.push_back(std::move(connection));
    }
    return reply;
  }
}

}  // namespace azf::emulator
