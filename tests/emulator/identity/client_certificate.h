#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace azf::emulator {

/// A certificate for an application, of an authority of its own, with a 2048-bit RSA key; all made for this run.
/// Immutable.
class ClientCertificate {
 public:
  ClientCertificate();
  ClientCertificate(const ClientCertificate&) = delete;
  ClientCertificate& operator=(const ClientCertificate&) = delete;
  ~ClientCertificate();

  /// Private key and certificate, PEM.
  [[nodiscard]] std::string pem() const;
  /// The same with the issuer's certificate at the end.
  [[nodiscard]] std::string pem_with_chain() const;

  /// SHA-1 of the certificate, as `x5t` has it (base64url) and as portals show it (upper-case hexadecimal).
  [[nodiscard]] std::string sha1_base64url() const;
  [[nodiscard]] std::string sha1_hex() const;
  /// SHA-256, as `x5t#S256` has it.
  [[nodiscard]] std::string sha256_base64url() const;

  /// The certificate and its issuer's, DER.
  [[nodiscard]] std::string der() const;
  [[nodiscard]] std::string issuer_der() const;

  /// Whether the certificate's key made `signature` over `text`. `algorithm` is RS256 or PS256 (RFC 7518 sections 3.3
  /// and 3.5, so the salt has 32 bytes); any other one is never right.
  [[nodiscard]] bool verifies(std::string_view algorithm, std::string_view text, std::string_view signature) const;
  /// The same signature made, for tests.
  [[nodiscard]] std::string sign(std::string_view algorithm, std::string_view text) const;

 private:
  struct Native;
  std::unique_ptr<const Native> native_;
};

}  // namespace azf::emulator
