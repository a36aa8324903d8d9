#include "emulator/host/proxying.h"

#include "emulator/host/forwarding.h"
#include "emulator/wire/coding.h"

#include <algorithm>
#include <array>
#include <string>

namespace azf::emulator {
namespace {

// Headers of one connection, and those that the proxy writes itself.
constexpr auto kNotCopied = std::to_array<std::string_view>({
    "Alt-Svc",
    "Close",
    "Connection",
    "Forwarded",
    "HTTP2-Settings",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "Security-Scheme",
    "TE",
    "Transfer-Encoding",
    "Upgrade",
    "Upgrade-Insecure-Requests",
    "X-Forwarded-Prefix",
});

bool is_copied(std::string_view name) {
  return std::none_of(kNotCopied.begin(), kNotCopied.end(),
                      [&](std::string_view known) { return equal_ignoring_case(name, known); });
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// As ASP.NET Core's PathString writes a decoded path: escapes that are left stay, all that no path may hold is escaped.
std::string escaped_path(std::string_view path) {
  std::string escaped;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const std::string_view one = path.substr(i, 1);
    const bool escape = path[i] == '%' && i + 2 < path.size() && is_hex(path[i + 1]) && is_hex(path[i + 2]);
    const bool allowed = std::string_view("/!$&'()*+,;=:@").find(path[i]) != std::string_view::npos;
    escaped.append(escape || allowed ? std::string(one) : percent_encoded(one));
  }
  return escaped;
}

}  // namespace

Request proxied_request(const Request& request, std::string_view invocation_id, int handler_port) {
  Request proxied{request.method, escaped_path(decoded_path(request.path())), {}, request.body};
  if (!request.query().empty()) proxied.target.append("?").append(request.query());
  for (const auto& field : request.headers) {
    if (is_copied(field.name)) proxied.headers.push_back(field);
  }
  const std::string* host = find_header(request.headers, "Host");
  const std::string original_host = host == nullptr ? "" : *host;
  set_header(proxied.headers, "Host", "127.0.0.1:" + std::to_string(handler_port));
  set_header(proxied.headers, "X-Forwarded-For", "127.0.0.1");
  if (!original_host.empty()) set_header(proxied.headers, "X-Forwarded-Host", original_host);
  set_header(proxied.headers, "X-Forwarded-Proto", "http");
  set_header(proxied.headers, "X-Azure-Functions-HostVersion", std::string(kHostVersion));
  set_header(proxied.headers, "X-Azure-Functions-InvocationId", std::string(invocation_id));
  set_header(proxied.headers, "x-ms-invocation-id", std::string(invocation_id));
  if (!request.body.empty() && find_header(request.headers, "Content-Length") == nullptr) {
    set_header(proxied.headers, "Transfer-Encoding", "chunked");
  }
  return proxied;
}

Headers proxied_headers(const Headers& headers) {
  Headers copied;
  for (const auto& field : headers) {
    if (is_copied(field.name)) copied.push_back(field);
  }
  return copied;
}

}  // namespace azf::emulator
