#include "http/certificate_pin.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include <cstddef>

namespace azf {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// OpenSSL calls it instead of verifying the chain; 1 lets the handshake go on.
int verify_pin(X509_STORE_CTX* chain, void* context) noexcept {
  const auto& pin = *static_cast<const CertificatePin*>(context);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  const X509* const shown = X509_STORE_CTX_get0_cert(chain);
  const bool right = shown != nullptr && X509_digest(shown, EVP_sha1(), digest.data(), &size) == 1 &&
                     size == pin.sha1.size() && CRYPTO_memcmp(digest.data(), pin.sha1.data(), size) == 0;
  X509_STORE_CTX_set_error(chain, right ? X509_V_OK : X509_V_ERR_CERT_REJECTED);
  return right ? 1 : 0;
}

}  // namespace

std::optional<CertificatePin> parse_certificate_pin(std::string_view text) {
  CertificatePin pin;
  std::size_t digits = 0;
  for (const char c : text) {
    if (c == ' ' || c == ':') continue;
    const int value = hex_value(c);
    if (value < 0 || digits == 2 * pin.sha1.size()) return std::nullopt;
    auto& byte = pin.sha1.at(digits++ / 2);
    byte = static_cast<unsigned char>(byte * 16 + value);
  }
  if (digits != 2 * pin.sha1.size()) return std::nullopt;
  return pin;
}

void pin_server_certificate(void* tls_context, const CertificatePin& pin) noexcept {
  auto* const context = static_cast<SSL_CTX*>(tls_context);
  // Without SSL_VERIFY_PEER OpenSSL asks the callback and goes on whatever it says.
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  // The signature of OpenSSL takes the argument as not const; verify_pin only reads it.
  SSL_CTX_set_cert_verify_callback(context, &verify_pin, const_cast<CertificatePin*>(&pin));
}

}  // namespace azf
