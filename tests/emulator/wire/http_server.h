#pragma once

#include "core/clock.h"
#include "core/mutex.h"
#include "emulator/wire/message.h"
#include "emulator/wire/reply_writer.h"
#include "emulator/wire/stream.h"
#include "emulator/wire/tls.h"

#include <functional>
#include <list>
#include <optional>
#include <thread>

namespace azf::emulator {

/// Answers one request; nothing means: close the connection without an answer. Called by many threads at once.
using RequestHandler = std::function<std::optional<Reply>(const Request&)>;
/// Likewise, or gives the reply to the writer while it makes it: once that has begun, a returned reply says that it is
/// whole, nothing that it breaks off.
using StreamingHandler = std::function<std::optional<Reply>(const Request&, ReplyWriter&)>;

/// A small HTTP/1.1 server on 127.0.0.1, a thread for each connection, with no limit on their number: the callers are
/// tests and one developer. With a `TlsContext` it serves HTTPS.
///
/// It is the emulator's own because the emulator needs the wire as it is (order and repeats of headers, the raw
/// target, broken-off replies), and because the handler under test must not be judged by the library it is built on.
class HttpServer {
 public:
  /// Begins to serve on a socket of `listen_loopback`. `clock` and `tls` outlive the server.
  HttpServer(FileDescriptor listener, RequestHandler handler, const Clock& clock, const TlsContext* tls = nullptr);
  HttpServer(FileDescriptor listener, StreamingHandler handler, const Clock& clock, const TlsContext* tls = nullptr);
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Breaks off all connections and waits for their threads, hence for handlers that are running.
  ~HttpServer();

  /// What the end of its process would do: resets all connections, and refuses new ones from now on. Does not wait for
  /// handlers, and may be called by one; once.
  void go_away();

 private:
  struct Connection {
    FileDescriptor socket;  // closed when its thread is done; only with the lock held
    std::thread thread;
  };

  void accept_connections();
  void serve(int socket) const;
  void join_finished();

  FileDescriptor listener_;
  const StreamingHandler handler_;
  const Clock& clock_;
  const TlsContext* const tls_;

  Mutex mutex_;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::list<Connection> connections_ GUARDED_BY(mutex_);

  std::thread acceptor_;
};

}  // namespace azf::emulator
