#include "emulator/identity/signing_key.h"

#include "emulator/wire/coding.h"

#include <doctest/doctest.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <memory>
#include <string>

namespace azf::emulator {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Number = std::unique_ptr<BIGNUM, decltype(&BN_free)>;

Number number(const std::string& base64url) {
  const std::string bytes = *parse_base64url(base64url);
  return {BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr),
          BN_free};
}

// As a relying party does it: from the published numbers alone.
Key key_of(const Json& jwk) {
  const Number n = number(jwk["n"]);
  const Number e = number(jwk["e"]);
  const std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)> builder(OSSL_PARAM_BLD_new(),
                                                                                OSSL_PARAM_BLD_free);
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get());
  OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get());
  const std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> parameters(OSSL_PARAM_BLD_to_param(builder.get()),
                                                                           OSSL_PARAM_free);
  const std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr), EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  EVP_PKEY_fromdata_init(context.get());
  EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get());
  return {key, EVP_PKEY_free};
}

bool verifies(EVP_PKEY* key, const std::string& jwt) {
  const auto last = jwt.rfind('.');
  const std::string signature = *parse_base64url(jwt.substr(last + 1));
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                          reinterpret_cast<const unsigned char*>(jwt.data()), last) == 1;
}

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE("signs tokens that the published key verifies") {
  const SigningKey key;
  std::string jwt = key.signed_jwt({{"sub", "x"}});
  const Json header = *parse_json(*parse_base64url(jwt.substr(0, jwt.find('.'))));
  const Json jwk = key.public_jwk();
  CHECK(header == Json{{"typ", "JWT"}, {"alg", "RS256"}, {"kid", jwk["kid"]}});
  CHECK(jwk["kty"] == "RSA");
  CHECK(parse_base64url(jwk["n"].get<std::string>())->size() == 256);
  const Key published = key_of(jwk);
  REQUIRE(published);
  CHECK(verifies(published.get(), jwt));
  jwt[jwt.find('.') + 2] ^= 1;
  CHECK_FALSE(verifies(published.get(), jwt));
}

TEST_CASE("takes back only tokens of its own") {
  const SigningKey key;
  const SigningKey other;
  CHECK(key.verified_claims(key.signed_jwt({{"sub", "x"}})) == Json{{"sub", "x"}});
  CHECK(key.verified_claims(other.signed_jwt({{"sub", "x"}})).is_null());
  CHECK(key.verified_claims("a.b.c").is_null());
  CHECK(key.verified_claims("").is_null());
}

TEST_SUITE_END();

}  // namespace azf::emulator
