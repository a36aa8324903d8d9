#pragma once

#include "core/clock.h"
#include "core/log.h"
#include "http/exchange.h"
#include "http/message.h"
#include "server/client_policy.h"
#include "server/listener.h"
#include "server/request_reader.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace azf {

/// Limits of the server. The defaults suit the Functions host. Value.
struct HttpServerOptions {
  RequestLimits limits{};
  /// An idle connection is closed after this time. Longer than the host's own 60 s, so that the host closes first
  /// and never finds a connection dead that it wants to use again.
  std::chrono::milliseconds idle_timeout{130'000};
  /// From the first byte of a request to the end of its headers; then it is answered 408.
  std::chrono::milliseconds head_timeout{10'000};
  /// A body must come, and a response be taken, at `transfer_rate` or faster on the whole, not counting this time.
  std::chrono::milliseconds transfer_grace{10'000};
  /// Bytes per second. The host's own server asks the same of its clients (Kestrel, MinDataRate).
  std::size_t transfer_rate = 240;
  /// The same where a worker waits for the peer, because its function reads or writes while the bytes pass: such a peer
  /// costs a thread.
  std::size_t stream_rate = 8192;
  /// Open connections; further ones wait in the kernel's queue.
  std::uint32_t connection_limit = 10'000;
  /// Threads that call the handler, when it blocks so often that so many are needed.
  std::size_t worker_limit = 512;
  /// Requests that wait for a worker when there are no more; further ones are answered 503.
  std::size_t queue_limit = 1024;
  /// A worker that has had nothing to do for this time ends, except for the first of them, one for each core.
  std::chrono::milliseconds worker_idle_timeout{10'000};

  /// How long a transfer may have taken when so many bytes have passed.
  [[nodiscard]] std::chrono::milliseconds transfer_limit(std::size_t bytes) const {
    return transfer_grace + std::chrono::milliseconds(bytes * 1000 / transfer_rate);
  }
  /// How long a worker may have waited for the peer when so many bytes have passed.
  [[nodiscard]] std::chrono::milliseconds stream_limit(std::size_t bytes) const {
    return transfer_grace + std::chrono::milliseconds(bytes * 1000 / stream_rate);
  }
};

/// What a server serves.
struct HttpApplication {
  /// Answers a request, unless it has begun the response of the exchange. Called from many threads at once, and may
  /// block. May throw std::bad_alloc, which ends the connection, and nothing else.
  std::function<HttpResponse(const HttpRequest&, const Exchange&)> handler;
  /// Whether a request without a body is the host's probe, to be answered by an empty 200 without the handler, also
  /// while every worker is busy. Must not throw or wait.
  std::function<bool(const HttpRequest&)> is_probe;
  /// Whether the handler takes the body of this request from the exchange, so that it is called before the body has
  /// come, with an empty one. Asked only if the body did not come with the head. Must not throw or wait.
  std::function<bool(const HttpRequest&)> streams_body = [](const HttpRequest&) { return false; };
};

/// Serves HTTP/1.1: reads requests, calls the handler, writes its responses. A connection that is idle, slow to send or
/// slow to take costs no thread. Methods may be called from any thread.
class HttpServer {
 public:
  /// `clients`, `clock` and `log` must outlive the server. Throws std::system_error if the system has no descriptors
  /// left.
  HttpServer(Listener listener, HttpApplication application, const ClientPolicy& clients, const Clock& clock,
             const Logger& log, HttpServerOptions options = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Serves, until `stop` or until the descriptor `interrupt` is readable; then it may be called again. The calling
  /// thread accepts and reads until the first request needs a handler, and again whenever all workers are busy; in
  /// between it watches over them.
  void run(int interrupt = -1);

  /// Ends `run` and the server: accepts no more, closes idle connections, and waits at most `grace` for the requests in
  /// flight. Returns whether all of them were answered.
  bool stop(std::chrono::milliseconds grace);

 private:
  class Loop;
  std::unique_ptr<Loop> loop_;
};

}  // namespace azf
