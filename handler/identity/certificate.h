#pragma once

#include "core/result.h"
#include "core/secret.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace azf::identity {

/// An application's certificate with its private RSA key, checked to belong together. Immutable, thread-safe,
/// move-only.
class Certificate {
 public:
  /// JWS algorithms (RFC 7518 sections 3.5 and 3.3): RSASSA-PSS with SHA-256, MGF1-SHA-256 and a salt of 32 bytes;
  /// RSASSA-PKCS1-v1_5 with SHA-256.
  enum class Algorithm { kPs256, kRs256 };

  Certificate(Certificate&&) noexcept;
  Certificate& operator=(Certificate&&) noexcept;
  ~Certificate();

  /// SHA-1 of the certificate's DER form: 20 bytes.
  [[nodiscard]] const std::string& sha1() const;
  /// SHA-256 of the certificate's DER form: 32 bytes.
  [[nodiscard]] const std::string& sha256() const;
  /// DER of the certificate, and after it of all others that came with it, each before its issuer as far as it goes.
  [[nodiscard]] const std::vector<std::string>& chain() const;

  /// The signature's bytes. Fails with `kInternal` only.
  [[nodiscard]] Result<std::string> sign(Algorithm algorithm, std::string_view text) const;

 private:
  struct Keys;
  explicit Certificate(std::unique_ptr<const Keys> keys);
  friend Result<Certificate> load_certificate(std::string_view bytes, const Secret& password);

  std::unique_ptr<const Keys> keys_;
};

/// Reads a certificate and its private key from the content of a file. What it is shows in the content:
/// - PEM (RFC 7468): any number of certificates and one private key (PKCS#8, plain or encrypted, or PKCS#1, plain or
///   with the `Proc-Type` header of old), in any order, with any text between them. The certificate is the one that
///   belongs to the key.
/// - PFX (PKCS#12, RFC 7292), also with the RC2 and Triple DES encryption of older Windows versions.
///
/// Nobody is ever asked for a password, and none is tried that is to be hashed more than 10 million times: the number
/// is the file's, and may stand for days. Fails with `kInvalidArgument`; the message tells these apart: neither PEM nor
/// PFX, a damaged block, no certificate, no private key, several of them, another key than the certificate's, not RSA,
/// less than 2048 bits, password missing, password wrong, hashed too often, an encryption that is not supported. It
/// never quotes the content.
Result<Certificate> load_certificate(std::string_view bytes, const Secret& password);

}  // namespace azf::identity
