#include "emulator/wire/http_server.h"

#include "emulator/wire/message_io.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/socket.h>
#include <utility>

namespace azf::emulator {
namespace {

using std::chrono::seconds;

// How long a client may let a connection idle, and take for sending a request or for receiving a reply.
constexpr seconds kConnectionLimit{600};
constexpr seconds kHandshakeLimit{30};

// A reply that is sent while it comes, to a request of `method`.
class StreamedReply final : public ReplyWriter {
 public:
  enum class Afterwards { kNextRequest, kClose };

  StreamedReply(Stream& stream, int socket, std::string_view method, Afterwards afterwards, const Clock& clock)
      : stream_(stream), socket_(socket), method_(method), afterwards_(afterwards), clock_(clock) {}

  Result<Success> begin(const Reply& head) override {
    begun_ = true;
    Reply sent = head;
    if (afterwards_ == Afterwards::kClose) set_header(sent.headers, "Connection", "close");
    const bool bodiless = method_ == "HEAD" || head.status == 204 || head.status == 304;
    const bool sized = find_header(head.headers, "Content-Length") != nullptr;
    framing_ = bodiless ? Framing::kNoBody : sized ? Framing::kSized : Framing::kChunked;
    return send(framing_ == Framing::kChunked ? chunked_head_to_wire(sent) : to_wire(sent, "HEAD"));
  }

  Result<Success> write(std::string_view bytes) override {
    if (bytes.empty() || framing_ == Framing::kNoBody) return Success{};
    return send(framing_ == Framing::kChunked ? chunk_to_wire(bytes) : std::string(bytes));
  }

  Result<Success> end() { return framing_ == Framing::kChunked ? send(chunk_to_wire("")) : Success{}; }

  [[nodiscard]] bool begun() const override { return begun_; }
  [[nodiscard]] bool abandoned() const override {
    pollfd event{socket_, POLLRDHUP, 0};
    return ::poll(&event, 1, 0) > 0;
  }

 private:
  enum class Framing { kNoBody, kSized, kChunked };

  Result<Success> send(const std::string& wire) {
    if (stream_.write(wire, Deadline::after(clock_, kConnectionLimit))) return Success{};
    return Error{ErrorKind::kCancelled, "the caller has gone"};
  }

  Stream& stream_;
  const int socket_;
  const std::string_view method_;
  const Afterwards afterwards_;
  const Clock& clock_;
  bool begun_ = false;
  Framing framing_ = Framing::kNoBody;
};

// Waits before the next piece of a body. Whether somebody is still there to get it: the wait ends early when the peer
// closes, and when this server does.
bool wait_for_next_piece(int socket, std::chrono::milliseconds pace) {
  pollfd event{socket, POLLRDHUP, 0};
  return ::poll(&event, 1, static_cast<int>(pace.count())) == 0;
}

// Sends a reply; whether the connection may be used again.
bool send_reply(Stream& stream, int socket, const Reply& reply, std::string_view method, const Clock& clock) {
  const auto write = [&](std::string_view bytes) {
    return static_cast<bool>(stream.write(bytes, Deadline::after(clock, kConnectionLimit)));
  };
  std::size_t left = reply.cut_after.value_or(std::numeric_limits<std::size_t>::max());
  if (reply.pieces.empty() || method == "HEAD") {
    const std::string wire = to_wire(reply, method);
    if (left >= reply.body.size()) return write(wire);
    write(std::string_view(wire).substr(0, wire.size() - reply.body.size() + left));
    return false;
  }
  if (!write(chunked_head_to_wire(reply))) return false;
  for (const auto& piece : reply.pieces) {
    if (&piece != &reply.pieces.front() && !wait_for_next_piece(socket, reply.pace)) return false;
    const std::string_view bytes = std::string_view(piece).substr(0, left);
    if (!bytes.empty() && !write(chunk_to_wire(bytes))) return false;
    if (bytes.size() < piece.size()) return false;
    left -= bytes.size();
  }
  return write(chunk_to_wire(""));
}

}  // namespace

HttpServer::HttpServer(FileDescriptor listener, RequestHandler handler, const Clock& clock, const TlsContext* tls)
    : HttpServer(
          std::move(listener),
          [handler = std::move(handler)](const Request& request, ReplyWriter&) { return handler(request); }, clock,
          tls) {}

HttpServer::HttpServer(FileDescriptor listener, StreamingHandler handler, const Clock& clock, const TlsContext* tls)
    : listener_(std::move(listener)), handler_(std::move(handler)), clock_(clock), tls_(tls), acceptor_([this] {
        accept_connections();
      }) {}

HttpServer::~HttpServer() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    for (const auto& connection : connections_) {
      if (connection.socket.valid()) ::shutdown(connection.socket.get(), SHUT_RDWR);
    }
  }
  ::shutdown(listener_.get(), SHUT_RDWR);  // ends accept
  if (acceptor_.joinable()) acceptor_.join();
  std::list<Connection> connections;
  {
    const MutexLock lock(mutex_);
    connections.swap(connections_);
  }
  for (auto& connection : connections) connection.thread.join();
}

void HttpServer::go_away() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    ::shutdown(listener_.get(), SHUT_RDWR);  // ends accept, and before anybody learns of it by a reset
    for (const auto& connection : connections_) {
      if (connection.socket.valid()) reset_connection(connection.socket);
    }
  }
  acceptor_.join();
}

void HttpServer::accept_connections() {
  for (;;) {
    FileDescriptor socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    join_finished();
    const MutexLock lock(mutex_);
    if (stopping_) return;
    if (!socket.valid()) continue;
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    Connection& connection = connections_.emplace_back();
    connection.socket = std::move(socket);
    connection.thread = std::thread([this, &connection, number = connection.socket.get()] {
      serve(number);
      const MutexLock done_lock(mutex_);
      connection.socket.close();
    });
  }
}

void HttpServer::join_finished() {
  std::list<Connection> finished;
  {
    const MutexLock lock(mutex_);
    for (auto at = connections_.begin(); at != connections_.end();) {
      const auto next = std::next(at);
      if (!at->socket.valid()) finished.splice(finished.end(), connections_, at);
      at = next;
    }
  }
  for (auto& connection : finished) connection.thread.join();
}

void HttpServer::serve(int socket) const {
  SocketStream plain(socket, clock_);
  std::unique_ptr<Stream> encrypted;
  if (tls_ != nullptr) {
    auto accepted = tls_->accept(socket, Deadline::after(clock_, kHandshakeLimit), clock_);
    if (!accepted) return;
    encrypted = std::move(*accepted);
  }
  Stream& stream = encrypted ? *encrypted : plain;
  MessageReader reader(stream);
  for (;;) {
    auto request = reader.read_request(Deadline::after(clock_, kConnectionLimit));
    if (!request) {
      if (request.error().status == 0) return;
      Reply refusal{request.error().status, "", {{"Connection", "close"}}, ""};
      (void)stream.write(to_wire(refusal, ""), Deadline::after(clock_, kConnectionLimit));
      return;
    }
    if (!*request) return;
    StreamedReply streamed(
        stream, socket, (*request)->method,
        reader.reusable() ? StreamedReply::Afterwards::kNextRequest : StreamedReply::Afterwards::kClose, clock_);
    auto reply = handler_(**request, streamed);
    if (!reply) return;
    if (streamed.begun()) {
      if (streamed.end() && reader.reusable()) continue;
      return;
    }
    const bool last = !reader.reusable() || header_has_token(reply->headers, "Connection", "close");
    if (last) set_header(reply->headers, "Connection", "close");
    if (!send_reply(stream, socket, *reply, (*request)->method, clock_) || last) return;
  }
}

}  // namespace azf::emulator
