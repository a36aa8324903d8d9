#include "server/request_reader.h"

#include "core/number_text.h"
#include "server/field_line.h"

#include <algorithm>
#include <array>
#include <utility>

namespace azf {
namespace {

// Memory for a body comes with the body, not with the promise of one; and it is given back when it was much.
constexpr std::size_t kBodyReserve = std::size_t{64} << 10;

// A set of characters, for one look-up each.
class CharacterSet {
 public:
  constexpr explicit CharacterSet(std::string_view characters) {
    for (const char c : characters) members_[static_cast<unsigned char>(c)] = true;
  }
  [[nodiscard]] bool has_all_of(std::string_view text) const {
    return std::all_of(text.begin(), text.end(), [this](char c) { return members_[static_cast<unsigned char>(c)]; });
  }

 private:
  std::array<bool, 256> members_{};
};

// RFC 3986: what may stand in a path or a query; no control character, no blank, nothing outside ASCII, no fragment.
constexpr CharacterSet kTargetCharacters(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@%/?[]");
// Those of a host, and of an address in brackets.
constexpr CharacterSet kHostCharacters(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+;=:[%");

bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool is_hexadecimal(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

// Whether two digits stand behind each percent sign (RFC 3986 section 2.1).
bool has_whole_escapes(std::string_view text) {
  for (auto percent = text.find('%'); percent != std::string_view::npos; percent = text.find('%', percent + 1)) {
    const auto digits = text.substr(percent + 1, 2);
    if (digits.size() < 2 || !std::all_of(digits.begin(), digits.end(), is_hexadecimal)) return false;
  }
  return true;
}

// `host`, `host:port` or `[address]:port` (RFC 9110 section 7.2): no user, no path, no list. Empty where a target has
// no authority.
bool is_authority(std::string_view text) {
  const auto host_end = text.starts_with('[') ? text.find(']') : text.find(':');
  if (text.starts_with('[') && host_end == std::string_view::npos) return false;
  const auto host = text.substr(0, host_end);
  if (!has_whole_escapes(host) || !kHostCharacters.has_all_of(host) || host.find('[', 1) != std::string_view::npos)
    return false;
  if (host_end == std::string_view::npos) return true;
  std::string_view port = text.substr(host_end);
  if (port.starts_with(']')) port.remove_prefix(1);
  if (port.empty()) return true;
  return port.starts_with(':') && std::all_of(port.begin() + 1, port.end(), is_digit);
}

// Methods are compared with their letter case (RFC 9110 section 9.1).
bool is_method(std::string_view text, Method method) { return text == to_string(method); }

}  // namespace

void RequestReader::reset() {
  request_.method = Method::kGet;
  request_.url.clear();
  request_.headers.clear();
  request_.body.clear();
  if (request_.body.capacity() > kBodyReserve) request_.body.shrink_to_fit();
  refusal_ = {};
  line_.reset();
  part_ = Part::kRequestLine;
  fields_bytes_ = hosts_ = content_lengths_ = transfer_encodings_ = 0;
  content_length_ = 0;
  body_taken_ = 0;
  empty_line_seen_ = authority_in_target_ = expects_continue_ = body_begun_ = is_http_1_0_ = close_asked_ = false;
  keeps_alive_ = true;
}

RequestReader::Progress RequestReader::read(std::string_view& input) {
  const bool done = read_head(input) && (part_ != Part::kSizedBody || read_sized_body(input)) &&
                    (part_ != Part::kChunkedBody || read_chunked_body(input));
  if (part_ == Part::kRefused) return Progress::kRefused;
  return done ? Progress::kComplete : Progress::kNeedsMore;
}

bool RequestReader::refuse(int status, std::string_view detail) {
  refusal_ = {status, detail};
  part_ = Part::kRefused;
  return false;
}

bool RequestReader::read_head(std::string_view& input) {
  while (part_ == Part::kRequestLine || part_ == Part::kFields) {
    const bool in_fields = part_ == Part::kFields;
    const auto line = line_.take(input, in_fields ? limits_->field_bytes : limits_->request_line_bytes);
    if (!line) {
      if (!line_.over_limit()) return false;
      return in_fields ? refuse(431, "A header field is too long.") : refuse(414, "The request line is too long.");
    }
    if (in_fields) {
      if (!(line->empty() ? end_head() : take_field(*line))) return false;
    } else if (line->empty() && !empty_line_seen_) {
      empty_line_seen_ = true;  // left over from a body that was sent with one line end too many (RFC 9112 section 2.2)
    } else if (!take_request_line(*line)) {
      return false;
    }
  }
  return part_ != Part::kRefused;
}

bool RequestReader::take_request_line(std::string_view line) {
  const auto method_end = line.find(' ');
  const auto target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || method_end == target_end) {
    return refuse(400, "The request line is not of the form `method target HTTP/1.1`.");
  }
  const auto method_name = line.substr(0, method_end);
  const auto target = line.substr(method_end + 1, target_end - method_end - 1);
  const auto version = line.substr(target_end + 1);
  if (!is_field_name(method_name)) return refuse(400, "The method is not a token.");
  if (version == "HTTP/1.0") {
    is_http_1_0_ = true;
    keeps_alive_ = false;
  } else if (version != "HTTP/1.1") {
    const bool other = version.size() == 8 && version.starts_with("HTTP/") && is_digit(version[5]) &&
                       version[6] == '.' && is_digit(version[7]);
    return other ? refuse(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
                 : refuse(400, "The request line does not end in HTTP/1.1.");
  }
  const auto method = parse_method(method_name);
  if (!method || !is_method(method_name, *method) || *method == Method::kTrace || *method == Method::kConnect) {
    return refuse(501, "This method is not supported.");
  }
  request_.method = *method;
  part_ = Part::kFields;
  return take_target(target);
}

bool RequestReader::take_target(std::string_view target) {
  if (!kTargetCharacters.has_all_of(target))
    return refuse(400, "The request target has a character that must be percent-encoded.");
  if (!has_whole_escapes(target)) {
    return refuse(400, "The request target has a percent sign that two hexadecimal digits do not follow.");
  }
  if (target.starts_with('/') || (target == "*" && request_.method == Method::kOptions)) {
    request_.url.assign(target);
    return true;
  }
  return take_absolute_form(target);
}

// As a client sends it to a proxy; servers must accept it, and believe it more than Host (RFC 9112 section 3.2.2).
bool RequestReader::take_absolute_form(std::string_view target) {
  const auto scheme_end = target.find("://");
  const auto scheme = target.substr(0, std::min(scheme_end, target.size()));
  if (scheme_end == std::string_view::npos ||
      (!equal_ignoring_case(scheme, "http") && !equal_ignoring_case(scheme, "https"))) {
    return refuse(400, "The request target is neither a path nor an http URL.");
  }
  target.remove_prefix(scheme_end + 3);
  const auto authority = target.substr(0, target.find_first_of("/?"));
  if (authority.empty() || authority.starts_with(':') || !is_authority(authority)) {
    return refuse(400, "The request target has no usable host.");
  }
  target.remove_prefix(authority.size());
  if (!target.starts_with('/')) request_.url.assign("/");
  request_.url.append(target);
  request_.headers.add("Host", authority);
  authority_in_target_ = true;
  return true;
}

bool RequestReader::take_field(std::string_view line) {
  fields_bytes_ += line.size();
  if (fields_bytes_ > limits_->fields_bytes) return refuse(431, "The header fields are too long together.");
  if (request_.headers.size() >= limits_->field_count) return refuse(431, "There are too many header fields.");
  const auto field = parse_field_line(line);
  if (!field) return refuse(400, "A header field is malformed.");
  if (!take_known_field(field->name, field->value)) return false;
  if (!authority_in_target_ || !equal_ignoring_case(field->name, "Host")) {
    request_.headers.add(field->name, field->value);
  }
  return true;
}

// The fields that decide where the request ends and what becomes of the connection. Most others differ in length.
bool RequestReader::take_known_field(std::string_view name, std::string_view value) {
  switch (name.size()) {
    case 4: return !equal_ignoring_case(name, "Host") || take_host(value);
    case 6: return !equal_ignoring_case(name, "Expect") || take_expectation(value);
    case 10:
      if (equal_ignoring_case(name, "Connection")) take_connection_options(value);
      return true;
    case 14: return !equal_ignoring_case(name, "Content-Length") || take_content_length(value);
    case 17: return !equal_ignoring_case(name, "Transfer-Encoding") || take_transfer_encoding(value);
    default: return true;
  }
}

bool RequestReader::take_host(std::string_view value) {
  if (++hosts_ > 1) return refuse(400, "There is more than one Host header field.");
  return is_authority(value) || refuse(400, "The Host header field is malformed.");
}

bool RequestReader::take_expectation(std::string_view value) {
  if (!equal_ignoring_case(value, "100-continue")) return refuse(417, "Only 100-continue can be expected.");
  expects_continue_ = !is_http_1_0_;
  return true;
}

void RequestReader::take_connection_options(std::string_view value) {
  for_each_element(value, [this](std::string_view option) {
    if (equal_ignoring_case(option, "close")) {
      close_asked_ = true;
    } else if (equal_ignoring_case(option, "keep-alive") && is_http_1_0_) {
      keeps_alive_ = true;
    }
  });
}

bool RequestReader::take_content_length(std::string_view value) {
  if (++content_lengths_ > 1) return refuse(400, "There is more than one Content-Length header field.");
  const auto length = parse_number<std::uint64_t>(value);
  if (!length) return refuse(400, "Content-Length is not a number.");
  content_length_ = *length;
  return true;
}

bool RequestReader::take_transfer_encoding(std::string_view value) {
  if (++transfer_encodings_ > 1) return refuse(400, "There is more than one Transfer-Encoding header field.");
  if (equal_ignoring_case(value, "chunked")) return true;
  // `chunked` before another coding, twice, or with an empty element beside it: readers differ on where the body ends.
  std::string_view last;
  std::size_t codings = 0;
  std::size_t chunked = 0;
  for_each_element(value, [&](std::string_view coding) {
    last = coding;
    ++codings;
    if (equal_ignoring_case(coding, "chunked")) ++chunked;
  });
  const bool other_codings_first = chunked == 1 && codings > 1 && equal_ignoring_case(last, "chunked");
  if (codings == 0 || (chunked > 0 && !other_codings_first)) {
    return refuse(400, "Transfer-Encoding does not end in one chunked.");
  }
  return refuse(501, "Only the transfer coding chunked is supported.");
}

bool RequestReader::end_head() {
  if (hosts_ == 0 && !is_http_1_0_) return refuse(400, "The Host header field is missing.");
  if (transfer_encodings_ > 0) {
    if (content_lengths_ > 0) return refuse(400, "The body is framed twice, by Content-Length and Transfer-Encoding.");
    if (is_http_1_0_) return refuse(400, "HTTP/1.0 has no Transfer-Encoding.");
    part_ = Part::kChunkedBody;
    chunks_.reset();
    return true;
  }
  if (content_length_ > limits_->body_bytes) return refuse(413, "The body is too large.");
  part_ = content_length_ > 0 ? Part::kSizedBody : Part::kComplete;
  return true;
}

std::string RequestReader::take_body() {
  body_taken_ += request_.body.size();
  return std::exchange(request_.body, {});
}

bool RequestReader::read_sized_body(std::string_view& input) {
  if (input.empty()) return false;
  auto& body = request_.body;
  const auto left = static_cast<std::size_t>(content_length_) - body_taken_ - body.size();
  if (!body_begun_) body.reserve(std::min(left, kBodyReserve));
  body_begun_ = true;
  const auto taken = std::min(left, input.size());
  body.append(input.substr(0, taken));
  input.remove_prefix(taken);
  if (taken < left) return false;
  part_ = Part::kComplete;
  return true;
}

bool RequestReader::read_chunked_body(std::string_view& input) {
  if (input.empty()) return false;
  body_begun_ = true;
  const ChunkedLimits limits{limits_->body_bytes - body_taken_, limits_->trailer_bytes, limits_->trailer_count};
  switch (chunks_.decode(input, request_.body, limits)) {
    case ChunkedDecoder::Progress::kNeedsMore: return false;
    case ChunkedDecoder::Progress::kComplete: part_ = Part::kComplete; return true;
    case ChunkedDecoder::Progress::kMalformed: return refuse(400, "The chunked body is malformed.");
    case ChunkedDecoder::Progress::kBodyTooLarge: return refuse(413, "The body is too large.");
    case ChunkedDecoder::Progress::kTrailersTooLarge: return refuse(431, "The trailer fields are too long.");
  }
  return false;
}

}  // namespace azf
