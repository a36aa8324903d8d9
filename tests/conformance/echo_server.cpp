#include "conformance/echo_server.h"

#include "conformance/request_case.h"

#include <charconv>
#include <chrono>
#include <string>
#include <string_view>

namespace azf::test {
namespace {

// All cuts of a request are under way at once, which takes a busy machine a while.
constexpr std::chrono::seconds kTransferGrace{30};

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

EchoServer::EchoServer()
    : server_(
          {.handler = [](const HttpRequest& request, const Exchange&) { return echo(request); }, .is_probe = is_probe},
          {.limits = {.body_bytes = kBodyLimitBytes}, .transfer_grace = kTransferGrace}) {}

}  // namespace azf::test
