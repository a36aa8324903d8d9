#pragma once

#include "http/message.h"
#include "server/chunked_decoder.h"
#include "server/line_reader.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace azf {

/// What a request may cost before it is refused. Bytes are counted without line ends. Value.
struct RequestLimits {
  std::size_t request_line_bytes = std::size_t{16} << 10;  ///< more is 414
  std::size_t field_bytes = std::size_t{32} << 10;         ///< one header field; more is 431
  std::size_t fields_bytes = std::size_t{96} << 10;        ///< all header fields; more is 431
  std::size_t field_count = 256;                           ///< more is 431
  /// The Functions host accepts 100 MiB; Base64 and JSON make a third more of it. More is 413.
  std::size_t body_bytes = std::size_t{140} << 20;
  std::size_t trailer_bytes = std::size_t{8} << 10;  ///< all trailer fields; more is 431
  std::size_t trailer_count = 32;                    ///< more is 431
};

/// Why a request is not served. Value.
struct Refusal {
  int status = 400;
  /// A sentence for whoever wrote the client; static text, never part of the request.
  std::string_view detail{};
};

/// Reads one HTTP/1.1 request after the other from bytes that come in pieces of any size, with no I/O of its own. It
/// accepts what RFC 9112 and RFC 9110 call well-formed and nothing else: what two parsers could read in two ways is
/// refused, because a proxy in front may have read it the other way. Used by one thread at a time.
class RequestReader {
 public:
  enum class Progress {
    kNeedsMore,  ///< all input is consumed, and the request is not complete
    kComplete,   ///< `request` is complete; the rest of the input belongs to the next one
    kRefused,    ///< see `refusal`; there is no telling where a next request would begin
  };

  /// `limits` must outlive the reader.
  explicit RequestReader(const RequestLimits& limits) : limits_(&limits) {}

  /// Reads from the front of `input`, and removes what it has read.
  Progress read(std::string_view& input);

  /// Forgets the request and is ready for the next one, with some of the memory.
  void reset();

  /// Whether no byte of a request has come yet.
  [[nodiscard]] bool untouched() const { return part_ == Part::kRequestLine && !empty_line_seen_ && line_.empty(); }
  /// Whether the head is complete and the body is not.
  [[nodiscard]] bool in_body() const { return part_ == Part::kSizedBody || part_ == Part::kChunkedBody; }
  /// Whether the peer waits for `100 Continue` before it sends the body (RFC 9110 section 10.1.1).
  [[nodiscard]] bool expects_continue() const { return expects_continue_ && in_body() && !body_begun_; }
  /// Whether the request has its body up to the end.
  [[nodiscard]] bool complete() const { return part_ == Part::kComplete; }
  /// Takes what has come of the body out of the request, so that a long one need not lie in memory as a whole. The
  /// limit stays that of the whole.
  std::string take_body();
  /// `100 Continue` has been sent.
  void continued() { expects_continue_ = false; }

  /// The request. Target in origin form (that of an absolute form is taken apart), header fields as they came without
  /// the blanks around their values, the body without its transfer coding. Complete when `read` said so.
  [[nodiscard]] const HttpRequest& request() const { return request_; }
  [[nodiscard]] const Refusal& refusal() const { return refusal_; }
  /// Whether `read` said so.
  [[nodiscard]] bool refused() const { return part_ == Part::kRefused; }
  /// Whether the connection stays open after the response (RFC 9112 section 9.3).
  [[nodiscard]] bool keeps_alive() const { return keeps_alive_ && !close_asked_; }
  /// Whether it is of HTTP/1.0, whose client wants to be told that the connection stays open.
  [[nodiscard]] bool is_http_1_0() const { return is_http_1_0_; }
  /// Whether it is `OPTIONS *`, which asks the server and no resource (RFC 9110 section 9.3.7); the URL is `*` then.
  [[nodiscard]] bool asks_server() const { return request_.url == "*"; }

 private:
  enum class Part { kRequestLine, kFields, kSizedBody, kChunkedBody, kComplete, kRefused };

  bool refuse(int status, std::string_view detail);  // returns false
  bool read_head(std::string_view& input);
  bool take_request_line(std::string_view line);
  bool take_target(std::string_view target);
  bool take_absolute_form(std::string_view target);
  bool take_field(std::string_view line);
  bool take_known_field(std::string_view name, std::string_view value);
  bool take_host(std::string_view value);
  bool take_expectation(std::string_view value);
  void take_connection_options(std::string_view value);
  bool take_content_length(std::string_view value);
  bool take_transfer_encoding(std::string_view value);
  bool end_head();
  bool read_sized_body(std::string_view& input);
  bool read_chunked_body(std::string_view& input);

  const RequestLimits* limits_;
  HttpRequest request_;
  Refusal refusal_;
  LineReader line_;
  ChunkedDecoder chunks_;
  Part part_ = Part::kRequestLine;
  std::size_t fields_bytes_ = 0;
  std::size_t hosts_ = 0;
  std::size_t content_lengths_ = 0;
  std::size_t transfer_encodings_ = 0;
  std::uint64_t content_length_ = 0;
  std::size_t body_taken_ = 0;
  bool empty_line_seen_ = false;
  bool authority_in_target_ = false;
  bool expects_continue_ = false;
  bool body_begun_ = false;
  bool is_http_1_0_ = false;
  bool keeps_alive_ = true;  // by its version, or because it asks for it
  bool close_asked_ = false;
};

}  // namespace azf
