#include "server/running_server.h"

#include <stdexcept>
#include <utility>

namespace azf::test {

RunningServer::RunningServer(Handler handler, HttpServerOptions options, const Clock* clock)
    : RunningServer({.handler = [handler = std::move(handler)](const HttpRequest& request,
                                                               const Exchange&) { return handler(request); },
                     .is_probe = {}},
                    options, clock) {}

RunningServer::RunningServer(HttpApplication application, HttpServerOptions options, const Clock* clock)
    : log_(sink_, log_clock_, LogLevel::kInfo, LogFormat::kJson) {
  auto listener = Listener::create(0);
  if (!listener) throw std::runtime_error("no free port");
  port_ = listener->port();
  if (!application.is_probe) {
    application.is_probe = [](const HttpRequest& request) { return request.headers.has("X-Probe"); };
  }
  server_.emplace(*std::move(listener), std::move(application), clients_, clock != nullptr ? *clock : system_clock_,
                  log_, options);
  thread_ = std::thread([this] { server_->run(); });
}

RunningServer::~RunningServer() {
  server_->stop(std::chrono::seconds(20));
  thread_.join();
}

}  // namespace azf::test
