#pragma once

#include "core/result.h"
#include "http/message.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace azf {

/// Gives the body of a received request piece by piece, so that it need not lie in memory as a whole. Used by one
/// thread.
class BodyReader {
 public:
  virtual ~BodyReader() = default;
  /// Waits for the next bytes and puts them into `buffer`; how many, 0 at the end of the body. Fails with `kTransport`
  /// when the peer broke off, `kTimeout` when it sends too slowly, and `kInvalidArgument` when what it sends is no
  /// body, or too much.
  virtual Result<std::size_t> read(std::span<char> buffer) = 0;
};

/// Sends a response piece by piece, while it is being made. Used by one thread, but for `abandoned`.
class ResponseWriter {
 public:
  virtual ~ResponseWriter() = default;

  /// Sends status and header fields of `head`; its body is not used. With a `length` the body must have just so many
  /// bytes, else it ends where the writer does. Once at most. Fails with `kCancelled` when the peer has gone.
  virtual Result<Success> begin(const HttpResponse& head, std::optional<std::uint64_t> length = std::nullopt) = 0;
  /// Sends the next piece of the body, after `begin`. Waits while the peer takes it slowly. Fails with `kCancelled`
  /// when the peer has gone or takes the response too slowly; what a HEAD request asks for has no body, and is not
  /// sent.
  virtual Result<Success> write(std::string_view bytes) = 0;
  /// The response ends here and is not whole; the peer will see that.
  virtual void break_off() = 0;
  /// The status that `begin` has sent, or 0 as long as it was not called.
  [[nodiscard]] virtual int status() const = 0;
  [[nodiscard]] bool begun() const { return status() != 0; }
  /// Whether the peer has gone, so that nobody waits for the response any more. Any thread.
  [[nodiscard]] virtual bool abandoned() const = 0;
};

/// The two ways of one exchange, for whoever serves its request.
struct Exchange {
  BodyReader& body;
  ResponseWriter& response;
};

/// An exchange in memory: the body is that of a request, the response is put together. For requests that came as a
/// whole and for tests. Not thread-safe.
class BufferedExchange final : private BodyReader, private ResponseWriter {
 public:
  /// `request` must outlive this object.
  explicit BufferedExchange(const HttpRequest& request) : left_(request.body) {}

  Exchange streams() { return {*this, *this}; }
  /// The response: what was begun here, else the one that the handler returned.
  [[nodiscard]] HttpResponse response(HttpResponse returned) &&;
  [[nodiscard]] bool broken_off() const { return broken_off_; }

 private:
  Result<std::size_t> read(std::span<char> buffer) override;
  Result<Success> begin(const HttpResponse& head, std::optional<std::uint64_t> length) override;
  Result<Success> write(std::string_view bytes) override;
  void break_off() override { broken_off_ = true; }
  [[nodiscard]] int status() const override { return written_ ? written_->status : 0; }
  [[nodiscard]] bool abandoned() const override { return false; }

  std::string_view left_;
  std::optional<HttpResponse> written_;
  bool broken_off_ = false;
};

}  // namespace azf
