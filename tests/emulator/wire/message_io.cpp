#include "emulator/wire/message_io.h"

#include "emulator/wire/coding.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace azf::emulator {
namespace {

Error malformed(std::string_view what) { return {ErrorKind::kUnexpectedResponse, std::string(what)}; }
Error too_large(std::string_view what) { return {ErrorKind::kInvalidArgument, std::string(what)}; }

std::optional<std::size_t> parse_size(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (status != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool is_chunked(const Headers& headers) { return header_has_token(headers, "Transfer-Encoding", "chunked"); }

std::string status_line(const Reply& reply) {
  const std::string reason(reply.reason.empty() ? reason_phrase(reply.status) : std::string_view(reply.reason));
  return "HTTP/1.1 " + std::to_string(reply.status) + " " + reason + "\r\n";
}

// The status for a request that could not be read; 0 when the connection itself is gone.
RequestFailure request_failure(const Error& error, int too_large_status) {
  if (error.kind == ErrorKind::kUnexpectedResponse) return {400};
  if (error.kind == ErrorKind::kInvalidArgument) return {too_large_status};
  return {0};
}

}  // namespace

Result<std::size_t> MessageReader::fill(Deadline deadline) {
  std::array<char, 16384> block;
  auto count = stream_.read(block, deadline);
  if (count) buffer_.append(block.data(), *count);
  reply_begun_ = reply_begun_ || has_bytes();
  return count;
}

Result<Success> MessageReader::wait_for_bytes(Deadline deadline) {
  if (has_bytes()) return Success{};
  auto count = fill(deadline);
  if (!count) return std::move(count).error();
  return Success{};
}

Result<std::string> MessageReader::read_line(std::size_t& budget, Deadline deadline) {
  std::size_t searched = 0;
  for (;;) {
    const auto end = buffer_.find('\n', searched);
    if (end != std::string::npos) {
      if (end > budget) return too_large("the head is too large");
      budget -= end;
      std::string line = buffer_.substr(0, end > 0 && buffer_[end - 1] == '\r' ? end - 1 : end);
      buffer_.erase(0, end + 1);
      return line;
    }
    searched = buffer_.size();
    if (searched > budget) return too_large("the head is too large");
    auto count = fill(deadline);
    if (!count) return std::move(count).error();
    if (*count == 0) return malformed("the connection ended within a message");
  }
}

Result<Headers> MessageReader::read_headers(std::size_t& budget, Deadline deadline) {
  Headers headers;
  for (;;) {
    auto line = read_line(budget, deadline);
    if (!line) return std::move(line).error();
    if (line->empty()) return headers;
    const auto colon = line->find(':');
    if (colon == std::string::npos || colon == 0 || line->find_first_of(" \t") < colon) {
      return malformed("a header line without a name");
    }
    headers.push_back({line->substr(0, colon), std::string(trimmed(std::string_view(*line).substr(colon + 1)))});
  }
}

Result<Success> MessageReader::enter_chunk(Deadline deadline) {
  if (framing_ != Framing::kChunked || left_ > 0) return Success{};
  std::size_t budget = limits_.head_bytes;
  if (in_chunks_) {
    auto end = read_line(budget, deadline);
    if (!end) return std::move(end).error();
    if (!end->empty()) return malformed("a chunk that is longer than its size");
  }
  auto line = read_line(budget, deadline);
  if (!line) return std::move(line).error();
  const auto size = parse_size(trimmed(std::string_view(*line).substr(0, line->find(';'))), 16);
  if (!size) return malformed("a chunk without a size");
  left_ = *size;
  in_chunks_ = true;
  if (left_ > 0) return Success{};
  framing_ = Framing::kSized;
  auto trailers = read_headers(budget, deadline);
  if (!trailers) return std::move(trailers).error();
  return Success{};
}

Result<std::string> MessageReader::read_body_piece(Deadline deadline) {
  if (auto entered = enter_chunk(deadline); !entered) return std::move(entered).error();
  const bool to_end = framing_ == Framing::kToEnd;
  if (!to_end && left_ == 0) return std::string();
  if (!has_bytes()) {
    auto count = fill(deadline);
    if (!count) return std::move(count).error();
    if (*count == 0 && !to_end) return malformed("the connection ended within a body");
  }
  const std::size_t size = to_end ? buffer_.size() : std::min(left_, buffer_.size());
  std::string piece = buffer_.substr(0, size);
  buffer_.erase(0, size);
  if (!to_end) left_ -= size;
  return piece;
}

Result<std::string> MessageReader::read_body(Deadline deadline) {
  std::string body;
  for (;;) {
    if (auto entered = enter_chunk(deadline); !entered) return std::move(entered).error();
    if (left_ > limits_.body_bytes - body.size()) return too_large("the body is too large");
    auto piece = read_body_piece(deadline);
    if (!piece || piece->empty()) return piece ? Result<std::string>(std::move(body)) : piece;
    body.append(*piece);
    if (body.size() > limits_.body_bytes) return too_large("the body is too large");
  }
}

Result<std::optional<Request>, RequestFailure> MessageReader::read_request(Deadline deadline) {
  if (!has_bytes()) {
    auto count = fill(deadline);
    if (!count) return request_failure(count.error(), 0);
    if (*count == 0) return std::optional<Request>();
  }
  std::size_t budget = limits_.head_bytes;
  auto line = read_line(budget, deadline);
  if (!line) return request_failure(line.error(), 431);
  const auto first = line->find(' ');
  const auto last = line->rfind(' ');
  if (first == std::string::npos || first == last || !line->substr(last + 1).starts_with("HTTP/1.")) {
    return RequestFailure{400};
  }
  Request request;
  request.method = line->substr(0, first);
  request.target = line->substr(first + 1, last - first - 1);
  const bool http_1_0 = line->ends_with("HTTP/1.0");

  auto headers = read_headers(budget, deadline);
  if (!headers) return request_failure(headers.error(), 431);
  request.headers = std::move(*headers);
  reusable_ = !http_1_0 && !header_has_token(request.headers, "Connection", "close");

  const std::string* length = find_header(request.headers, "Content-Length");
  const bool chunked = is_chunked(request.headers);
  if (length != nullptr && chunked) return RequestFailure{400};
  const auto size = length == nullptr ? std::optional<std::size_t>(0) : parse_size(*length, 10);
  if (!size) return RequestFailure{400};
  if (*size > limits_.body_bytes) return RequestFailure{413};
  if (header_has_token(request.headers, "Expect", "100-continue") && (chunked || *size > 0)) {
    if (!stream_.write("HTTP/1.1 100 Continue\r\n\r\n", deadline)) return RequestFailure{};
  }
  framing_ = chunked ? Framing::kChunked : Framing::kSized;
  left_ = *size;
  in_chunks_ = false;
  auto body = read_body(deadline);
  if (!body) return request_failure(body.error(), 413);
  request.body = std::move(*body);
  return std::optional(std::move(request));
}

Result<Reply> MessageReader::read_reply_head(std::string_view method, Deadline deadline) {
  reply_begun_ = has_bytes();
  for (;;) {
    std::size_t budget = limits_.head_bytes;
    auto line = read_line(budget, deadline);
    if (!line) return std::move(line).error();
    Reply reply;
    const auto status =
        line->starts_with("HTTP/1.") && line->size() >= 12 ? parse_size(line->substr(9, 3), 10) : std::nullopt;
    if (!status || (*line)[8] != ' ' || *status < 100) return malformed("the reply does not begin with a status line");
    reply.status = static_cast<int>(*status);
    if (line->size() > 13) reply.reason = line->substr(13);
    const bool http_1_0 = line->starts_with("HTTP/1.0");

    auto headers = read_headers(budget, deadline);
    if (!headers) return std::move(headers).error();
    if (reply.status < 200 && reply.status != 101) continue;
    reply.headers = std::move(*headers);
    reusable_ = !http_1_0 && !header_has_token(reply.headers, "Connection", "close");

    const bool bodiless = method == "HEAD" || reply.status == 204 || reply.status == 304;
    const std::string* length = find_header(reply.headers, "Content-Length");
    const auto size = length == nullptr || bodiless ? std::size_t{0} : parse_size(*length, 10);
    const bool chunked = is_chunked(reply.headers);
    if (!size && !chunked) return malformed("the reply's Content-Length is not a number");
    framing_ = bodiless            ? Framing::kSized
               : chunked           ? Framing::kChunked
               : length == nullptr ? Framing::kToEnd
                                   : Framing::kSized;
    if (framing_ == Framing::kToEnd) reusable_ = false;
    left_ = framing_ == Framing::kSized ? *size : 0;
    in_chunks_ = false;
    return reply;
  }
}

Result<Reply> MessageReader::read_reply(std::string_view method, Deadline deadline) {
  auto reply = read_reply_head(method, deadline);
  if (!reply) return reply;
  auto body = read_body(deadline);
  if (!body) return std::move(body).error();
  reply->body = std::move(*body);
  return reply;
}

std::string head_to_wire(const Request& request) {
  std::string wire = request.method + " " + request.target + " HTTP/1.1\r\n";
  for (const auto& field : request.headers) wire.append(field.name + ": " + field.value + "\r\n");
  return wire + "\r\n";
}

std::string body_to_wire(const Request& request) {
  if (!is_chunked(request.headers)) return request.body;
  // Small enough that an envelope of some size arrives in several chunks.
  constexpr std::size_t kChunkBytes = 4096;
  std::string wire;
  for (std::size_t at = 0; at < request.body.size(); at += kChunkBytes) {
    wire.append(chunk_to_wire(std::string_view(request.body).substr(at, kChunkBytes)));
  }
  return wire + chunk_to_wire("");
}

std::string to_wire(const Request& request) { return head_to_wire(request) + body_to_wire(request); }

std::string chunk_to_wire(std::string_view bytes) {
  std::array<char, 16> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  return std::string(size.data(), end).append("\r\n").append(bytes).append("\r\n");
}

std::string chunked_head_to_wire(const Reply& reply) {
  std::string wire = status_line(reply);
  for (const auto& field : reply.headers) {
    const bool frames =
        equal_ignoring_case(field.name, "Transfer-Encoding") || equal_ignoring_case(field.name, "Content-Length");
    if (!frames) wire.append(field.name + ": " + field.value + "\r\n");
  }
  return wire + "Transfer-Encoding: chunked\r\n\r\n";
}

std::string to_wire(const Reply& reply, std::string_view method) {
  std::string wire = status_line(reply);
  const bool bodiless = method == "HEAD" || reply.status == 204 || reply.status == 304;
  for (const auto& field : reply.headers) {
    if (equal_ignoring_case(field.name, "Transfer-Encoding")) continue;
    // The length of what a GET would have brought stays in the reply to HEAD.
    if (!bodiless && equal_ignoring_case(field.name, "Content-Length")) continue;
    wire.append(field.name + ": " + field.value + "\r\n");
  }
  if (bodiless) return wire + "\r\n";
  return wire + "Content-Length: " + std::to_string(reply.body.size()) + "\r\n\r\n" + reply.body;
}

}  // namespace azf::emulator
