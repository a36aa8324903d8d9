#include "emulator/wire/http_server.h"

#include "emulator/wire/message_io.h"

#include <iterator>
#include <memory>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <utility>

namespace azf::emulator {
namespace {

using std::chrono::seconds;

// How long a client may let a connection idle, and take for sending a request or for receiving a reply.
constexpr seconds kConnectionLimit{600};
constexpr seconds kHandshakeLimit{30};

}  // namespace

HttpServer::HttpServer(FileDescriptor listener, RequestHandler handler, const Clock& clock, const TlsContext* tls)
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
  acceptor_.join();
  std::list<Connection> connections;
  {
    const MutexLock lock(mutex_);
    connections.swap(connections_);
  }
  for (auto& connection : connections) connection.thread.join();
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
    auto reply = handler_(**request);
    if (!reply) return;
    const bool last = !reader.reusable() || header_has_token(reply->headers, "Connection", "close");
    if (last) set_header(reply->headers, "Connection", "close");
    if (!stream.write(to_wire(*reply, (*request)->method), Deadline::after(clock_, kConnectionLimit)) || last) return;
  }
}

}  // namespace azf::emulator
