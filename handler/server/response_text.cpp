#include "server/response_text.h"

#include <charconv>

namespace azf {
namespace {

void append_number(std::string& text, std::size_t number) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  text.append(digits, end);
}

int sent_status(const HttpResponse& response) {
  return response.status >= 200 && response.status <= 599 ? response.status : 500;
}

bool is_servers_own(std::string_view name) {
  switch (name.size()) {
    case 4: return equal_ignoring_case(name, "Date");
    case 10: return equal_ignoring_case(name, "Connection");
    case 14: return equal_ignoring_case(name, "Content-Length");
    case 17: return equal_ignoring_case(name, "Transfer-Encoding");
    default: return false;
  }
}

// Neither has a Content-Length: it would be that of another response (RFC 9110 section 8.6).
bool is_bodiless(int status) { return status == 204 || status == 304; }

}  // namespace

bool may_have_body(const HttpResponse& response, const ResponseFraming& framing) {
  return !framing.to_head_request && !is_bodiless(sent_status(response));
}

bool has_body(const HttpResponse& response, const ResponseFraming& framing) {
  return !response.body.empty() && may_have_body(response, framing);
}

std::size_t append_response_head(std::string& text, const HttpResponse& response, const ResponseFraming& framing) {
  const int status = sent_status(response);
  std::size_t left_out = 0;
  text.append("HTTP/1.1 ");
  append_number(text, static_cast<std::size_t>(status));
  text.append(" ").append(reason_phrase(status)).append("\r\nDate: ").append(framing.date).append("\r\n");
  for (const auto& [name, value] : response.headers) {
    if (is_servers_own(name)) continue;
    if (is_field_name(name) && is_field_value(value)) {
      text.append(name).append(": ").append(value).append("\r\n");
    } else {
      ++left_out;
    }
  }
  if (!is_bodiless(status)) {
    if (!framing.streamed || framing.length) {
      text.append("Content-Length: ");
      append_number(text, framing.streamed ? *framing.length : response.body.size());
      text.append("\r\n");
    } else if (!framing.says_keep_alive) {
      text.append("Transfer-Encoding: chunked\r\n");
    }
  }
  if (framing.closes) {
    text.append("Connection: close\r\n");
  } else if (framing.says_keep_alive) {
    text.append("Connection: keep-alive\r\n");
  }
  text.append("\r\n");
  return left_out;
}

}  // namespace azf
