#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "emulator/wire/stream.h"

#include <memory>
#include <string>

namespace azf::emulator {

/// What one side of a TLS connection needs (TLS 1.2 and above). Safe to use from several threads.
class TlsContext {
 public:
  /// A server with this certificate and private key, both PEM. `kInvalidArgument` when they do not fit each other.
  static Result<TlsContext> server(const std::string& certificate_pem, const std::string& private_key_pem);
  /// A client that trusts this authority (PEM) alone and wants the certificate to name 127.0.0.1.
  static Result<TlsContext> client(const std::string& authority_pem);

  TlsContext(TlsContext&&) noexcept;
  TlsContext& operator=(TlsContext&&) noexcept;
  ~TlsContext();

  /// Shakes hands over a connected, non-blocking socket, whose owner outlives the stream. `kTimeout`; `kTransport`
  /// when the two sides do not agree. Writing needs SIGPIPE ignored: OpenSSL writes without MSG_NOSIGNAL.
  [[nodiscard]] Result<std::unique_ptr<Stream>> accept(int socket, Deadline deadline, const Clock& clock) const;
  [[nodiscard]] Result<std::unique_ptr<Stream>> connect(int socket, Deadline deadline, const Clock& clock) const;

 private:
  struct Native;
  explicit TlsContext(std::unique_ptr<Native> native);

  std::unique_ptr<Native> native_;
};

}  // namespace azf::emulator
