#pragma once

#include "core/log.h"
#include "http/message.h"
#include "server/listener.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

namespace azf {

/// Limits of the server. The defaults suit the Functions host. Value.
struct HttpServerOptions {
  /// An idle connection is closed after this time. Longer than the host's own 60 s, so that the host closes first
  /// and never finds a connection dead that it wants to use again.
  std::chrono::milliseconds idle_timeout{130'000};
  /// From the first byte of a request to the end of its headers.
  std::chrono::milliseconds head_timeout{10'000};
  /// Longest pause of the peer inside a request body or while it takes the reply.
  std::chrono::milliseconds stall_timeout{30'000};
  /// Request line and headers together; more is answered 431 and the connection closed.
  std::size_t head_limit_bytes = std::size_t{96} << 10;
  /// The host accepts 100 MiB; Base64 and JSON make a third more of it. More is answered 413.
  std::size_t body_limit_bytes = std::size_t{140} << 20;
  /// Connections served at once, each by a thread while it is open; further ones wait.
  std::size_t connection_limit = 1024;
};

/// Serves HTTP/1.1: reads requests, calls the handler, writes its responses. Methods may be called from any thread.
class HttpServer {
 public:
  /// Called from many threads at once; must not throw.
  using Handler = std::function<HttpResponse(const HttpRequest&)>;
  /// Whether a request without a body is the host's probe, to be answered by an empty 200 without any handler. Called
  /// by the accepting thread; must not throw or wait.
  using ProbeTest = std::function<bool(const HttpRequest&)>;

  /// `log` must outlive the server.
  HttpServer(Listener listener, Handler handler, ProbeTest is_probe, const Logger& log, HttpServerOptions options = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Accepts and serves, until `stop` or until the descriptor `interrupt` is readable; then it may be called again.
  /// A probe that comes first on a connection is answered here, also while every worker is busy.
  void run(int interrupt = -1);

  /// Ends `run` and the server: accepts no more, closes idle connections, and waits at most `grace` for the requests in
  /// flight. Returns whether all of them were answered.
  bool stop(std::chrono::milliseconds grace);

 private:
  class Connections;
  std::unique_ptr<Connections> connections_;
};

}  // namespace azf
