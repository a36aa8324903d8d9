#include "emulator/host/forwarding.h"

#include "emulator/host/envelope.h"
#include "emulator/wire/coding.h"

#include <algorithm>
#include <array>

namespace azf::emulator {
namespace {

// Headers that .NET keeps with a content. The forwarded content sets type and length anew; the others are lost.
constexpr auto kContentHeaders = std::to_array<std::string_view>({
    "Allow",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-MD5",
    "Content-Range",
    "Content-Type",
    "Expires",
    "Last-Modified",
});

bool is_content_header(std::string_view name) {
  return std::any_of(kContentHeaders.begin(), kContentHeaders.end(),
                     [&](std::string_view known) { return equal_ignoring_case(name, known); });
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return c > ' ' && c < 0x7f && std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
  });
}

bool is_media_type(std::string_view text) {
  const auto type = trimmed(text.substr(0, text.find(';')));
  const auto slash = type.find('/');
  return slash != std::string_view::npos && is_token(type.substr(0, slash)) && is_token(type.substr(slash + 1));
}

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// As .NET's Uri writes the path of a text that may hold anything: a decoded `?` or `#` ends it, escapes that are left
// stay, other characters that no path may hold are escaped.
std::string escaped_path(std::string_view path) {
  path = path.substr(0, path.find_first_of("?#"));
  std::string escaped;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    const bool escape = c == '%' && i + 2 < path.size() && is_hex(path[i + 1]) && is_hex(path[i + 2]);
    if (escape) {
      const std::string_view whole = path.substr(i, 3);
      const std::string decoded = percent_decoded(whole);
      // An escape that the first decoding brought to light is decoded once more where it needs no escape.
      escaped.append(percent_encoded(decoded) == decoded ? decoded : std::string(whole));
      i += 2;
    } else if (c > ' ' && c < 0x7f && std::string_view("%\"<>\\^`{|}").find(c) == std::string_view::npos) {
      escaped.push_back(c);
    } else {
      escaped.append(percent_encoded(path.substr(i, 1)));
    }
  }
  return escaped;
}

std::string merged_query(std::string_view query) {
  std::string merged;
  for (const auto& [name, values] : grouped_query(query)) {
    merged.append(merged.empty() ? "?" : "&").append(percent_encoded(name)).append("=");
    for (std::size_t i = 0; i < values.size(); ++i) merged.append(i == 0 ? "" : ",").append(percent_encoded(values[i]));
  }
  return merged;
}

// .NET sends the values of one name as one line; a client's own value stands in front.
void append_value(Headers& headers, std::string_view name, std::string_view value, std::string_view separator) {
  for (auto& field : headers) {
    if (!equal_ignoring_case(field.name, name)) continue;
    field.value.append(separator).append(value);
    return;
  }
  headers.push_back({std::string(name), std::string(value)});
}

}  // namespace

void add_invocation_headers(Headers& headers, std::string_view invocation_id) {
  append_value(headers, "X-Azure-Functions-HostVersion", kHostVersion, ", ");
  append_value(headers, "X-Azure-Functions-InvocationId", invocation_id, ", ");
  append_value(headers, "User-Agent", "Azure-Functions-Host/" + std::string(kHostVersion), " ");
}

std::string decoded_path(std::string_view path) {
  std::string decoded;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (equal_ignoring_case(path.substr(i, 3), "%2f")) {
      decoded.append(path.substr(i, 3));
      i += 2;
    } else if (path[i] == '%') {
      const std::string one = percent_decoded(path.substr(i, 3));
      decoded.append(one.size() == 1 ? one : "%");
      if (one.size() == 1) i += 2;
    } else {
      decoded.push_back(path[i]);
    }
  }
  return decoded;
}

Result<Request> forwarded_request(const Request& request, std::string_view invocation_id) {
  if (header_has_token(request.headers, "Transfer-Encoding", "chunked")) {
    return Error{ErrorKind::kInvalidArgument,
                 "'Transfer-Encoding: chunked' header can not be used when content object is not specified."};
  }
  Request forwarded;
  forwarded.method = request.method;
  forwarded.target = escaped_path(decoded_path(request.path())) + merged_query(request.query());
  for (const auto& field : request.headers) {
    if (!is_content_header(field.name)) forwarded.headers.push_back(field);
  }
  add_invocation_headers(forwarded.headers, invocation_id);
  if (request.body.empty()) return forwarded;
  if (const std::string* type = find_header(request.headers, "Content-Type")) {
    if (!is_media_type(*type)) {
      return Error{ErrorKind::kInvalidArgument, "The format of the value of 'Content-Type' is invalid."};
    }
    forwarded.headers.push_back({"Content-Type", *type});
  }
  forwarded.headers.push_back({"Content-Length", std::to_string(request.body.size())});
  forwarded.body = request.body;
  return forwarded;
}

Reply forwarded_reply(Reply reply) {
  remove_header(reply.headers, "Transfer-Encoding");
  return reply;
}

}  // namespace azf::emulator
