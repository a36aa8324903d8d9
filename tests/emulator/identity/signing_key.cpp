#include "emulator/identity/signing_key.h"

#include "emulator/identity/json_web_token.h"
#include "emulator/identity/thumbprint.h"
#include "emulator/wire/coding.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <future>
#include <stdexcept>
#include <utility>

namespace azf::emulator {
namespace {

constexpr int kKeyBits = 2048;

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeNumber {
  void operator()(BIGNUM* number) const { BN_free(number); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Digest = std::unique_ptr<EVP_MD_CTX, FreeDigest>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Key generate_key() {
  Key key(EVP_RSA_gen(kKeyBits));
  if (!key) throw std::logic_error("OpenSSL cannot make an RSA key");
  return key;
}

// A component of the public key as base64url of its big-endian bytes.
std::string component(EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  if (EVP_PKEY_get_bn_param(key, name, &raw) != 1) throw std::logic_error("an RSA key without its public numbers");
  const std::unique_ptr<BIGNUM, FreeNumber> number(raw);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return to_base64url(bytes);
}

std::string rs256(EVP_PKEY* key, std::string_view text) {
  const Digest context(EVP_MD_CTX_new());
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key)), '\0');
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes_of(text),
                     text.size()) != 1) {
    throw std::logic_error("OpenSSL cannot sign");
  }
  signature.resize(size);
  return signature;
}

bool is_rs256(EVP_PKEY* key, std::string_view text, std::string_view signature) {
  const Digest context(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
}

}  // namespace

struct SigningKey::Native {
  std::shared_future<Key> key = std::async(std::launch::async, generate_key).share();

  [[nodiscard]] EVP_PKEY* get() const { return key.get().get(); }
};

SigningKey::SigningKey() : native_(std::make_unique<Native>()) {}
SigningKey::~SigningKey() = default;

std::string SigningKey::id() const {
  // The members that identify the key, in the order of their names.
  return to_base64url(sha256(R"({"e":")" + component(native_->get(), OSSL_PKEY_PARAM_RSA_E) + R"(","kty":"RSA","n":")" +
                             component(native_->get(), OSSL_PKEY_PARAM_RSA_N) + R"("})"));
}

Json SigningKey::public_jwk() const {
  return {{"kty", "RSA"},
          {"use", "sig"},
          {"kid", id()},
          {"n", component(native_->get(), OSSL_PKEY_PARAM_RSA_N)},
          {"e", component(native_->get(), OSSL_PKEY_PARAM_RSA_E)}};
}

std::string SigningKey::signed_jwt(const Json& claims) const {
  const Json header{{"typ", "JWT"}, {"alg", "RS256"}, {"kid", id()}};
  std::string jwt = to_base64url(to_text(header)) + "." + to_base64url(to_text(claims));
  const std::string signature = rs256(native_->get(), jwt);
  return jwt + "." + to_base64url(signature);
}

Json SigningKey::verified_claims(std::string_view jwt) const {
  auto token = parse_json_web_token(jwt);
  if (!token || text_claim(token->header, "alg") != "RS256" ||
      !is_rs256(native_->get(), token->signed_text, token->signature)) {
    return {};
  }
  return std::move(token->claims);
}

}  // namespace azf::emulator
