#pragma once

#include "http/exchange.h"
#include "server/http_server.h"
#include "server/request_reader.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace azf {

/// What an exchange needs of the connection that it is made on. Everything must outlive it.
struct ExchangeContext {
  int socket;
  RequestReader& reader;
  /// Input behind what the reader has seen; `buffer` takes more.
  std::string_view& unread;
  std::span<char> buffer;
  const HttpServerOptions& options;
  const Clock& clock;
  std::string_view date;
  bool closes;  ///< behind the response, in any case
};

/// The exchange of one request of a connection, by the thread that serves it, which waits where the peer is slow.
/// Bodies that are complete before are read from memory. Used by one thread.
class StreamedExchange final : private BodyReader, private ResponseWriter {
 public:
  enum class End {
    kKeepsAlive,
    kCloses,  ///< the response is whole, and the connection ends with it
    kBroken,  ///< the response is not whole
  };

  explicit StreamedExchange(const ExchangeContext& context);

  Exchange streams() { return {*this, *this}; }
  using ResponseWriter::begun;
  /// Ends the response that was begun.
  End finish();

 private:
  Result<std::size_t> read(std::span<char> buffer) override;
  Result<Success> begin(const HttpResponse& head, std::optional<std::uint64_t> length) override;
  Result<Success> write(std::string_view bytes) override;
  void break_off() override { broken_ = true; }
  [[nodiscard]] int status() const override { return status_; }
  [[nodiscard]] bool abandoned() const override;

  Result<Success> receive();
  Result<Success> send(std::span<std::string_view> parts);
  bool wait_for(short event, std::size_t passed_bytes);
  [[nodiscard]] bool closes() const;

  const ExchangeContext context_;
  std::string pieces_;  // of the body, not yet read
  std::string_view left_;
  std::size_t received_ = 0;
  std::size_t sent_ = 0;
  std::chrono::nanoseconds waited_{0};
  int status_ = 0;
  std::optional<std::uint64_t> left_to_write_;  // of a body with a length
  bool has_body_ = false;
  bool chunked_ = false;
  bool closes_ = false;
  bool broken_ = false;
};

}  // namespace azf
