#pragma once

#include "core/log.h"
#include "server/http_server.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <thread>

namespace azf::test {

/// A server on a free port, for the length of a test. Requests with `X-Probe` are probes, unless the application says
/// which are.
class RunningServer {
 public:
  /// What answers without looking at the exchange.
  using Handler = std::function<HttpResponse(const HttpRequest&)>;

  /// Its deadlines go by the machine's clock, or by `clock`, which must outlive it. Throws std::runtime_error if there
  /// is no free port.
  explicit RunningServer(Handler handler, HttpServerOptions options = {}, const Clock* clock = nullptr);
  explicit RunningServer(HttpApplication application, HttpServerOptions options = {}, const Clock* clock = nullptr);
  ~RunningServer();
  RunningServer(const RunningServer&) = delete;
  RunningServer& operator=(const RunningServer&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// What it has logged so far.
  [[nodiscard]] std::string log() const { return sink_.text(); }
  HttpServer& operator*() { return *server_; }

 private:
  MemoryLogSink sink_;
  FakeClock log_clock_;
  SystemClock system_clock_;
  ClientPolicy clients_;
  Logger log_;
  std::uint16_t port_ = 0;
  std::optional<HttpServer> server_;
  std::thread thread_;
};

}  // namespace azf::test
