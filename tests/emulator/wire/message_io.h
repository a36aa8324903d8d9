#pragma once

#include "core/result.h"
#include "emulator/wire/message.h"
#include "emulator/wire/stream.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace azf::emulator {

/// What a reader refuses to take in.
struct MessageLimits {
  std::size_t head_bytes = 128 * 1024;
  /// The Functions host's default for requests (azure-functions-host, `ScriptConstants.DefaultMaxRequestBodySize`).
  std::size_t body_bytes = 104'857'600;
};

/// Why no request could be read: the status to answer with, or 0 when nobody is there to be answered.
struct RequestFailure {
  int status = 0;
};

/// Reads HTTP/1.1 messages (RFC 9112) one after the other from a stream. One thread.
class MessageReader {
 public:
  /// `stream` outlives the reader.
  explicit MessageReader(Stream& stream, MessageLimits limits = {}) : stream_(stream), limits_(limits) {}

  /// The next request, with `100 Continue` sent where it is asked for; nothing when the peer closed between requests.
  Result<std::optional<Request>, RequestFailure> read_request(Deadline deadline);

  /// The final reply to a request of `method`; interim (1xx) replies are skipped. `kUnexpectedResponse` when the
  /// bytes are no HTTP reply or end too early, else as the stream fails.
  Result<Reply> read_reply(std::string_view method, Deadline deadline);

  /// Likewise, but the head alone; the body is then taken by `read_body_piece`.
  Result<Reply> read_reply_head(std::string_view method, Deadline deadline);
  /// The next bytes of the body of the message whose head was read last; empty at its end. Fails as `read_reply`.
  Result<std::string> read_body_piece(Deadline deadline);

  /// Waits for the first bytes of a reply without taking them. As the stream fails.
  Result<Success> wait_for_bytes(Deadline deadline);

  /// Whether bytes are here that no message has used yet.
  [[nodiscard]] bool has_bytes() const { return !buffer_.empty(); }
  /// Whether at least one byte of the reply that was read last has arrived.
  [[nodiscard]] bool reply_begun() const { return reply_begun_; }
  /// Whether the last message allows another one on the same connection.
  [[nodiscard]] bool reusable() const { return reusable_; }

 private:
  Result<std::size_t> fill(Deadline deadline);
  // A line without its line end.
  Result<std::string> read_line(std::size_t& budget, Deadline deadline);
  Result<Headers> read_headers(std::size_t& budget, Deadline deadline);
  // The rest of the body of the message whose head was read last.
  Result<std::string> read_body(Deadline deadline);
  // Reads the size of the next chunk where it is due, behind the end of the one before; after the last the trailers.
  Result<Success> enter_chunk(Deadline deadline);

  // How the body of a message ends.
  enum class Framing { kSized, kChunked, kToEnd };

  Stream& stream_;
  MessageLimits limits_;
  std::string buffer_;
  Framing framing_ = Framing::kSized;
  std::size_t left_ = 0;  // of the sized body, or of the chunk
  bool in_chunks_ = false;
  bool reply_begun_ = false;
  bool reusable_ = true;
};

/// The bytes of a request as its headers frame it: chunked when `Transfer-Encoding: chunked` is among them, else as
/// one block, for which the caller has set `Content-Length`.
std::string to_wire(const Request& request);
/// Only the head, blank line included.
std::string head_to_wire(const Request& request);
/// The body as framed by the headers.
std::string body_to_wire(const Request& request);
/// The bytes of a reply to a request of `method`; framing headers in `reply` are replaced by a computed length.
std::string to_wire(const Reply& reply, std::string_view method);
/// The head of a reply whose body follows in chunks.
std::string chunked_head_to_wire(const Reply& reply);
/// One chunk; an empty one ends the body.
std::string chunk_to_wire(std::string_view bytes);

}  // namespace azf::emulator
