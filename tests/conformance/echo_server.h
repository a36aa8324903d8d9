#pragma once

#include "http/message.h"
#include "server/running_server.h"

#include <cstdint>

namespace azf::test {

/// What the handler was given, a line each: `POST /x`, `Host: h` and the other fields, `body: hello` with the bytes as
/// `escaped` gives them. `/status/404` gets that status instead of 200.
HttpResponse echo(const HttpRequest& request);

/// Our server with `echo` as its handler, on a free port, for as long as this object lives. `GET /` without
/// `X-Azure-Functions-InvocationId` is a probe. Thread-safe.
class EchoServer {
 public:
  /// Throws std::runtime_error if there is no free port.
  EchoServer();

  [[nodiscard]] std::uint16_t port() const { return server_.port(); }

 private:
  RunningServer server_;
};

}  // namespace azf::test
