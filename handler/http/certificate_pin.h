#pragma once

#include <array>
#include <optional>
#include <string_view>

namespace azf {

/// SHA-1 of the DER form of the one certificate that a server may show, as Service Fabric hands it out
/// (`IDENTITY_SERVER_THUMBPRINT`). Value.
struct CertificatePin {
  std::array<unsigned char, 20> sha1{};

  friend bool operator==(const CertificatePin&, const CertificatePin&) = default;
};

/// Reads 40 hexadecimal digits in any case; blanks and colons between them are ignored. Nothing for another text.
std::optional<CertificatePin> parse_certificate_pin(std::string_view text);

/// Makes a TLS context of OpenSSL (`tls_context` is an `SSL_CTX*`) end the handshake unless the server shows exactly
/// that certificate. No authority, name or date is looked at. `pin` must outlive the handshakes. A session that is
/// resumed shows no certificate, so the context must not resume any.
void pin_server_certificate(void* tls_context, const CertificatePin& pin) noexcept;

}  // namespace azf
