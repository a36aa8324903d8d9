#include "azure/session_identifier.h"

#include "core/base64.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <utility>

namespace azf::azure {
namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kRandomSize = 16;
constexpr std::size_t kTagSize = 16;
constexpr std::size_t kMacSize = 32;

// What a MAC is for stands before its text, so that none can be taken for one of the other kind.
constexpr std::string_view kForTag = "azf session handle v1";
constexpr std::string_view kForIdentifier = "azf session identifier v1";

std::string random_bytes(std::size_t count) {
  std::string bytes(count, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(count)) != 1) {
    throw std::logic_error("OpenSSL has no random numbers");
  }
  return bytes;
}

// HMAC-SHA256 over purpose, random part and caller; only the last has no fixed size.
std::string mac(const Secret& key, std::string_view purpose, std::string_view random, std::string_view caller) {
  const std::string text = std::string(purpose).append(random).append(caller);
  std::string result(kMacSize, '\0');
  unsigned int size = 0;
  if (HMAC(EVP_sha256(), key.expose().data(), static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(text.data()), text.size(),
           reinterpret_cast<unsigned char*>(result.data()), &size) == nullptr ||
      size != kMacSize) {
    throw std::logic_error("OpenSSL has no HMAC-SHA256");
  }
  return result;
}

std::string tag_of(const Secret& key, std::string_view random, std::string_view caller) {
  return mac(key, kForTag, random, caller).substr(0, kTagSize);
}

std::string hexadecimal(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.push_back(kDigits[byte >> 4U]);
    text.push_back(kDigits[byte & 15U]);
  }
  return text;
}

// One for the program, from the first session on: its functions have to understand each other's handles.
const Secret& key_of_process() {
  static const Secret key(random_bytes(kKeySize));
  return key;
}

}  // namespace

SessionIssuer::SessionIssuer(Secret key) : key_(std::move(key)) {
  if (key_.size() < kKeySize) throw std::logic_error("SessionIssuer: the key is too short");
}

CodeSession SessionIssuer::session(std::string_view random, std::string_view caller) const {
  return {.handle = to_base64url(std::string(random) + tag_of(key_, random, caller)),
          .identifier = Secret(hexadecimal(mac(key_, kForIdentifier, random, caller)))};
}

CodeSession SessionIssuer::issue(std::string_view caller) const { return session(random_bytes(kRandomSize), caller); }

Result<CodeSession> SessionIssuer::find(std::string_view handle, std::string_view caller) const {
  const auto bytes = from_base64url(handle);
  if (bytes && bytes->size() == kRandomSize + kTagSize) {
    const std::string_view random = std::string_view(*bytes).substr(0, kRandomSize);
    const std::string tag = tag_of(key_, random, caller);
    if (CRYPTO_memcmp(tag.data(), bytes->data() + kRandomSize, kTagSize) == 0) return session(random, caller);
  }
  return Error{ErrorKind::kNotFound, "there is no such session of this caller"};
}

Result<SessionIssuer> load_session_issuer(const Environment& environment) {
  if (auto key = environment.get_secret("AZF_SESSION_KEY")) {
    if (key->size() >= kKeySize) return SessionIssuer(*std::move(key));
    return Error{ErrorKind::kInvalidArgument, "AZF_SESSION_KEY is too short: set it to 32 random characters or more"};
  }
  if (auto key = environment.get_secret("WEBSITE_AUTH_ENCRYPTION_KEY"); key && key->size() >= kKeySize) {
    return SessionIssuer(*std::move(key));
  }
  return SessionIssuer(key_of_process().clone());
}

std::string session_caller(const Environment& environment, const Headers& headers) {
  // Where the platform does not authenticate, these fields are whatever the caller says.
  if (equal_ignoring_case(environment.get("WEBSITE_AUTH_ENABLED").value_or(""), "true")) {
    const auto principal = headers.get("X-MS-CLIENT-PRINCIPAL-ID").value_or("");
    const auto provider = headers.get("X-MS-CLIENT-PRINCIPAL-IDP").value_or("");
    // No header field has a line break, so this is no other principal's name, and not the common one.
    if (!principal.empty()) return std::string(provider).append("\n").append(principal);
  }
  return std::string(kAnonymousCaller);
}

}  // namespace azf::azure
