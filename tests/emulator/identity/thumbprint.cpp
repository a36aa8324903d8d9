#include "emulator/identity/thumbprint.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>

namespace azf::emulator {
namespace {

constexpr std::size_t kSha1Bytes = 20;
constexpr std::size_t kSha256Bytes = 32;

std::string digest(const EVP_MD* algorithm, std::size_t size, std::string_view bytes) {
  std::string result(size, '\0');
  if (EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(result.data()), nullptr, algorithm,
                 nullptr) != 1) {
    throw std::logic_error("OpenSSL cannot hash");
  }
  return result;
}

std::string hexadecimal(std::string_view bytes, std::string_view digits) {
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(digits[byte >> 4U]);
    text.push_back(digits[byte & 0xFU]);
  }
  return text;
}

}  // namespace

std::string sha1(std::string_view bytes) { return digest(EVP_sha1(), kSha1Bytes, bytes); }
std::string sha256(std::string_view bytes) { return digest(EVP_sha256(), kSha256Bytes, bytes); }
std::string sha1_hex(std::string_view bytes) { return hexadecimal(sha1(bytes), "0123456789ABCDEF"); }

std::string keyed_fingerprint(std::string_view key, std::string_view secret) {
  std::string result(kSha256Bytes, '\0');
  if (HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(secret.data()), secret.size(),
           reinterpret_cast<unsigned char*>(result.data()), nullptr) == nullptr) {
    throw std::logic_error("OpenSSL cannot hash");
  }
  return hexadecimal(result, "0123456789abcdef");
}

}  // namespace azf::emulator
