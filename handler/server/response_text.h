#pragma once

#include "http/message.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace azf {

/// The interim response that asks for the body of a request (RFC 9110 section 15.2.1).
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

/// What of a response's head the connection and the request decide. Value.
struct ResponseFraming {
  bool to_head_request = false;  ///< the head says how long the body would be, and no body follows
  bool closes = false;           ///< `Connection: close`
  bool says_keep_alive = false;  ///< `Connection: keep-alive`, which only HTTP/1.0 clients need to hear
  std::string_view date{};       ///< as `to_http_date` gives it
  /// The body is not that of the response: it follows piece by piece, `length` bytes of it, or in chunks if that is not
  /// known, or for HTTP/1.0 up to the end of the connection.
  bool streamed = false;
  std::optional<std::uint64_t> length{};
};

/// Whether a response to that request may have a body behind its head (RFC 9110 section 6.4.1).
bool may_have_body(const HttpResponse& response, const ResponseFraming& framing);
/// Whether it may and has one.
bool has_body(const HttpResponse& response, const ResponseFraming& framing);

/// Appends status line and header fields with the empty line behind them. The fields keep their order; those about
/// framing (Content-Length, Transfer-Encoding, Connection) and Date are the server's alone, and fields whose name or
/// value cannot stand in a header, such as one with a line break, are left out. Returns how many were left out for
/// that reason. A status outside 200 to 599 is sent as 500.
std::size_t append_response_head(std::string& text, const HttpResponse& response, const ResponseFraming& framing);

}  // namespace azf
