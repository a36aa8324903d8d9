#include "conformance/echo_server.h"

#include "conformance/request_case.h"
#include "server/http_server.h"
#include "support/memory_log.h"

#include <charconv>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace azf::test {
namespace {

Listener listener_on_free_port() {
  auto listener = Listener::create(0);
  if (!listener) throw std::runtime_error("no free port");
  return *std::move(listener);
}

bool is_probe(const HttpRequest& request) {
  return request.method == Method::kGet && request.url == "/" && !request.headers.has("X-Azure-Functions-InvocationId");
}

}  // namespace

HttpResponse echo(const HttpRequest& request) {
  HttpResponse response{.status = 200, .headers = {{"Content-Type", "text/plain"}}, .body = {}};
  constexpr std::string_view kStatus = "/status/";
  if (request.url.starts_with(kStatus)) {
    const char* digits = request.url.data() + kStatus.size();
    std::from_chars(digits, request.url.data() + request.url.size(), response.status);
  }
  response.body.append(to_string(request.method)).append(" ").append(request.url).append("\n");
  for (const auto& [name, value] : request.headers)
    response.body.append(name).append(": ").append(escaped(value)).append("\n");
  response.body.append("body: " + escaped(request.body));
  return response;
}

// All cuts of a request are under way at once, which takes a busy machine a while.
constexpr std::chrono::seconds kTransferGrace{30};

class EchoServer::Running {
 public:
  explicit Running(Listener listener)
      : port_(listener.port()),
        log_(sink_, clock_, LogLevel::kInfo, LogFormat::kJson),
        server_(std::move(listener),
                {.handler = [](const HttpRequest& request, const Exchange&) { return echo(request); },
                 .is_probe = is_probe},
                clients_, clock_, log_, {.limits = {.body_bytes = kBodyLimitBytes}, .transfer_grace = kTransferGrace}),
        thread_([this] { server_.run(); }) {}
  ~Running() {
    server_.stop(std::chrono::seconds(20));
    thread_.join();
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }

 private:
  const std::uint16_t port_;
  MemoryLogSink sink_;
  SystemClock clock_;
  ClientPolicy clients_;
  Logger log_;
  HttpServer server_;
  std::thread thread_;
};

EchoServer::EchoServer() : running_(std::make_unique<Running>(listener_on_free_port())) {}
EchoServer::~EchoServer() = default;
std::uint16_t EchoServer::port() const { return running_->port(); }

}  // namespace azf::test
