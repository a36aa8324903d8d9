#include "emulator/wire/http_client.h"

#include "emulator/wire/message_io.h"
#include "emulator/wire/stream.h"

#include <chrono>
#include <string_view>
#include <sys/socket.h>
#include <utility>

namespace azf::emulator {
namespace {

using std::chrono::seconds;

constexpr seconds kIdleLimit{60};
// How long .NET waits for `100 Continue` before it sends the body all the same.
constexpr seconds kContinueWait{1};

Result<Success> send_request(Stream& stream, MessageReader& reader, const Request& request, Deadline deadline,
                             const Clock& clock) {
  const bool waits = !request.body.empty() && header_has_token(request.headers, "Expect", "100-continue");
  if (waits) {
    if (auto sent = stream.write(head_to_wire(request), deadline); !sent) return sent;
    (void)reader.wait_for_bytes(deadline.or_sooner(clock, kContinueWait));
  }
  return stream.write(waits ? body_to_wire(request) : to_wire(request), deadline);
}

Result<Success> pass_on_reply(MessageReader& reader, std::string_view method, seconds idle_limit, Deadline deadline,
                              ReplyWriter& reply, const Clock& clock) {
  const auto head = reader.read_reply_head(method, deadline.or_sooner(clock, idle_limit));
  if (!head) return head.error();
  if (auto begun = reply.begin(*head); !begun) return begun;
  for (;;) {
    const auto piece = reader.read_body_piece(deadline.or_sooner(clock, idle_limit));
    if (!piece) return piece.error();
    if (piece->empty()) return Success{};
    if (auto written = reply.write(*piece); !written) return written;
  }
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

Result<Success> LoopbackClient::use(Connection& connection, const Exchange& work) {
  {
    const MutexLock lock(mutex_);
    if (closed_) return Error{ErrorKind::kTransport, "the client is closed"};
    sockets_in_use_.insert(connection.socket.get());
  }
  auto outcome = work(connection);
  const MutexLock lock(mutex_);
  sockets_in_use_.erase(connection.socket.get());
  return outcome;
}

Result<Success> LoopbackClient::exchange(const Request& request, Deadline deadline, const Exchange& work) {
  auto connection = take_idle_connection();
  for (;;) {
    const bool reused = connection != nullptr;
    if (!reused) {
      auto socket = connect_loopback(port_, deadline, clock_);
      if (!socket) return std::move(socket).error();
      connection = std::make_unique<Connection>(std::move(*socket), clock_);
    }
    auto outcome = use(*connection, work);
    const bool gave_up =
        !outcome && (outcome.error().kind == ErrorKind::kTimeout || outcome.error().kind == ErrorKind::kCancelled);
    const bool lost = !outcome && !gave_up && !connection->reader.reply_begun();
    if (lost && reused && request.body.empty()) {
      connection.reset();
      continue;
    }
    if (outcome && connection->reader.reusable() && !connection->reader.has_bytes()) {
      connection->idle_since = clock_.steady_now();
      const MutexLock lock(mutex_);
      idle_.push_back(std::move(connection));
    }
    return outcome;
  }
}

Result<Reply> LoopbackClient::send(const Request& request, Deadline deadline) {
  Reply reply;
  auto outcome = exchange(request, deadline, [&](Connection& connection) -> Result<Success> {
    auto sent = send_request(connection.stream, connection.reader, request, deadline, clock_);
    // A peer may answer early and stop reading, so a reply that is already here counts more than the failed write.
    auto read = connection.reader.read_reply(request.method, deadline);
    if (!read) return sent ? std::move(read).error() : std::move(sent).error();
    reply = *std::move(read);
    return Success{};
  });
  if (!outcome) return std::move(outcome).error();
  return reply;
}

Result<Success> LoopbackClient::stream(const Request& request, seconds idle_limit, Deadline deadline,
                                       ReplyWriter& reply) {
  return exchange(request, deadline, [&](Connection& connection) {
    connection.stream.end_reads_when([&reply] { return reply.abandoned(); });
    auto sent = send_request(connection.stream, connection.reader, request, deadline, clock_);
    auto passed_on = pass_on_reply(connection.reader, request.method, idle_limit, deadline, reply, clock_);
    connection.stream.end_reads_when({});
    return passed_on || sent || connection.reader.reply_begun() ? passed_on : sent;
  });
}

}  // namespace azf::emulator
