#pragma once

#include "core/json.h"

#include <memory>
#include <string>
#include <string_view>

namespace azf::emulator {

/// A 2048-bit RSA key made for this run; generation begins with construction, on another thread, and the first use
/// waits for it. Thread-safe.
class SigningKey {
 public:
  SigningKey();
  SigningKey(const SigningKey&) = delete;
  SigningKey& operator=(const SigningKey&) = delete;
  ~SigningKey();

  /// Thumbprint of the public key (RFC 7638), base64url.
  [[nodiscard]] std::string id() const;
  /// The public key as a JWK (RFC 7517): `kty`, `use`, `kid`, `n`, `e`.
  [[nodiscard]] Json public_jwk() const;
  /// A JWT (RFC 7519) over these claims, signed with RS256.
  [[nodiscard]] std::string signed_jwt(const Json& claims) const;
  /// The claims of a JWT that this key signed with RS256; null when it did not, or when the text is no JWT.
  [[nodiscard]] Json verified_claims(std::string_view jwt) const;

 private:
  struct Native;
  std::unique_ptr<Native> native_;
};

}  // namespace azf::emulator
