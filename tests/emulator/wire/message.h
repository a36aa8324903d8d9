#pragma once

#include "core/json.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::emulator {

/// One header field as it stands on the wire, name in its original spelling.
struct HeaderField {
  std::string name;
  std::string value;

  friend bool operator==(const HeaderField&, const HeaderField&) = default;
};

/// Header fields in wire order, repeats kept: the emulator judges and reproduces such details.
using Headers = std::vector<HeaderField>;

/// The first value of that name, letter case ignored; null when absent.
const std::string* find_header(const Headers& headers, std::string_view name);
/// All values of that name, in order.
std::vector<std::string> header_values(const Headers& headers, std::string_view name);
/// Whether a comma-separated header holds `token`, letter case ignored: `Connection: keep-alive, close`.
bool header_has_token(const Headers& headers, std::string_view name, std::string_view token);
void remove_header(Headers& headers, std::string_view name);
/// Replaces every field of that name by one, at the end.
void set_header(Headers& headers, std::string name, std::string value);

/// An HTTP/1.1 request. `target` is the request target as on the wire (path and query, not decoded), `body` the bytes
/// without their framing. Value.
struct Request {
  std::string method = "GET";
  std::string target = "/";
  Headers headers;
  std::string body;

  [[nodiscard]] std::string_view path() const;
  /// Without the question mark; empty when there is none.
  [[nodiscard]] std::string_view query() const;
};

/// An HTTP/1.1 reply. An empty `reason` means the usual phrase of the status. Value.
struct Reply {
  int status = 200;
  std::string reason;
  Headers headers;
  std::string body;
  /// Where there are any: the body, sent chunk by chunk in place of `body`.
  std::vector<std::string> pieces{};
  /// How long each piece but the first waits.
  std::chrono::milliseconds pace{0};
  /// After that many bytes of the body the connection breaks.
  std::optional<std::size_t> cut_after{};

  friend bool operator==(const Reply&, const Reply&) = default;
};

/// `Not Found` for 404; empty for a status that has no registered phrase.
std::string_view reason_phrase(int status);

Reply json_reply(int status, const Json& body);
Reply text_reply(int status, std::string body, std::string content_type = "text/plain; charset=utf-8");

}  // namespace azf::emulator
