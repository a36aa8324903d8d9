#pragma once

#include "core/clock.h"
#include "core/environment.h"
#include "http/transport.h"

#include <cstddef>
#include <memory>
#include <string>

namespace azf {

struct CurlTransportOptions {
  /// Sent as `User-Agent` unless the request has one; none when empty.
  std::string user_agent;
  /// Handles kept for reuse, each with its open connection and TLS session. More requests than that may be under way at
  /// once. Costs about 1 MiB each, most of it the CA certificates.
  std::size_t max_idle_handles = 64;
};

/// Sends over the network: HTTP/1.1, or HTTP/2 where a TLS server offers it. TLS is 1.2 or later and always verified,
/// against the certificates that `find_ca_bundle` finds. Proxies are those of `https_proxy`, `http_proxy` (lower case
/// only, as a CGI-style `HTTP_PROXY` may come from a request header), `all_proxy` and `no_proxy`, else their
/// upper-case spellings. `.netrc`, cookies and content codings are not used. The message framing is the transport's:
/// `Content-Length`, `Transfer-Encoding` and `Expect` of the request are not sent on.
///
/// Error messages name the method and the URL without its query. Nothing is initialised before the first `send`.
/// Writing to a closed connection never raises SIGPIPE. Thread-safe.
class CurlTransport final : public HttpTransport {
 public:
  /// `clock` and `environment` must outlive the transport.
  CurlTransport(const Clock& clock, const Environment& environment, CurlTransportOptions options = {});
  ~CurlTransport() override;

  /// `kInvalidArgument` also for a CONNECT request, a body with HEAD or TRACE, and a header field that is none.
  Result<HttpResponse> send(const HttpRequest& request, const SendOptions& options) override;

  /// For the end of the program: requests under way fail within about a second, later ones at once, both with
  /// `kTransport` ("the program is ending"). May be called while other threads send; cannot be undone.
  void stop();

 private:
  class Engine;
  const std::unique_ptr<Engine> engine_;
};

}  // namespace azf
