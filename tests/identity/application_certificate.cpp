#include "identity/application_certificate.h"

#include "support/openssl_handles.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/provider.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <utility>

namespace azf::test {
namespace {

using Library = std::unique_ptr<OSSL_LIB_CTX, Release<OSSL_LIB_CTX_free>>;
using Provider = std::unique_ptr<OSSL_PROVIDER, Release<OSSL_PROVIDER_unload>>;

void require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL failed in a test certificate");
}

KeyHandle new_key(KeyKind kind) {
  KeyHandle key(kind == KeyKind::kEc ? EVP_EC_gen("P-256") : EVP_RSA_gen(kind == KeyKind::kRsa1024 ? 1024 : 2048));
  require(key != nullptr);
  return key;
}

template <typename Write>
std::string written(Write write) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  require(write(bio.get()) == 1);
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

BioHandle bio_of(const std::string& pem) {
  return BioHandle(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

CertificateHandle new_certificate(const KeyHandle& key, const std::string& subject, const std::string& issuer,
                                  const KeyHandle& issuer_key) {
  static long serial = 1;
  CertificateHandle certificate(X509_new());
  X509* const x = certificate.get();
  const auto name = [](X509_NAME* to, const std::string& text) {
    return X509_NAME_add_entry_by_txt(to, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(text.c_str()), -1,
                                      -1, 0) == 1;
  };
  require(X509_set_version(x, X509_VERSION_3) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x), serial++) == 1 &&
          X509_gmtime_adj(X509_getm_notBefore(x), -3600) != nullptr &&
          X509_gmtime_adj(X509_getm_notAfter(x), 86400) != nullptr && X509_set_pubkey(x, key.get()) == 1 &&
          name(X509_get_subject_name(x), subject) && name(X509_get_issuer_name(x), issuer) &&
          X509_sign(x, issuer_key.get(), EVP_sha256()) > 0);
  return certificate;
}

ApplicationCertificate make(KeyKind kind) {
  const KeyHandle issuer_key = new_key(KeyKind::kRsa2048);
  const KeyHandle key = new_key(kind);
  const CertificateHandle issuer = new_certificate(issuer_key, "test authority", "test authority", issuer_key);
  const CertificateHandle certificate = new_certificate(key, "test application", "test authority", issuer_key);
  const std::string password(kCertificatePassword);
  ApplicationCertificate made;
  made.certificate = written([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
  made.issuer = written([&](BIO* bio) { return PEM_write_bio_X509(bio, issuer.get()); });
  made.key = written(
      [&](BIO* bio) { return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
  made.encrypted_key = written([&](BIO* bio) {
    return PEM_write_bio_PKCS8PrivateKey(bio, key.get(), EVP_aes_256_cbc(), password.data(),
                                         static_cast<int>(password.size()), nullptr, nullptr);
  });
  made.pkcs1_key = written([&](BIO* bio) {
    return PEM_write_bio_PrivateKey_traditional(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  made.legacy_encrypted_key = written([&](BIO* bio) {
    return PEM_write_bio_PrivateKey_traditional(bio, key.get(), EVP_aes_128_cbc(),
                                                reinterpret_cast<const unsigned char*>(password.data()),
                                                static_cast<int>(password.size()), nullptr, nullptr);
  });
  return made;
}

std::string digest_of(std::string_view bytes, const EVP_MD* algorithm) {
  std::string digest(static_cast<std::size_t>(EVP_MD_get_size(algorithm)), '\0');
  require(EVP_Digest(bytes.data(), bytes.size(), reinterpret_cast<unsigned char*>(digest.data()), nullptr, algorithm,
                     nullptr) == 1);
  return digest;
}

// Takes the safe. The rounds of the check are only written, not computed; 0 for a PFX without a check.
std::string pfx_of_safe(PKCS7* safe, int check_rounds = 0) {
  const std::unique_ptr<PKCS12, Release<PKCS12_free>> pfx(PKCS12_init(NID_pkcs7_data));
  STACK_OF(PKCS7)* const safes = sk_PKCS7_new_null();
  require(pfx != nullptr && safe != nullptr && sk_PKCS7_push(safes, safe) == 1 &&
          PKCS12_pack_authsafes(pfx.get(), safes) == 1);
  sk_PKCS7_pop_free(safes, PKCS7_free);
  require(check_rounds == 0 || PKCS12_setup_mac(pfx.get(), check_rounds, nullptr, 8, EVP_sha256()) == 1);
  return written([&](BIO* bio) { return i2d_PKCS12_bio(bio, pfx.get()); });
}

}  // namespace

const ApplicationCertificate& application_certificate(KeyKind kind) {
  static const ApplicationCertificate rsa = make(KeyKind::kRsa2048);
  if (kind == KeyKind::kRsa2048) return rsa;
  static const ApplicationCertificate small = make(KeyKind::kRsa1024);
  static const ApplicationCertificate ec = make(KeyKind::kEc);
  return kind == KeyKind::kEc ? ec : small;
}

const ApplicationCertificate& other_application_certificate(KeyKind kind) {
  static const ApplicationCertificate rsa = make(KeyKind::kRsa2048);
  if (kind == KeyKind::kRsa2048) return rsa;
  static const ApplicationCertificate ec = make(KeyKind::kEc);
  return ec;
}

std::string pfx_of(const ApplicationCertificate& certificate, PfxEncryption encryption, std::string_view password) {
  const Library library(OSSL_LIB_CTX_new());
  const Provider standard(OSSL_PROVIDER_load(library.get(), "default"));
  const Provider legacy(OSSL_PROVIDER_load(library.get(), "legacy"));
  require(standard != nullptr && legacy != nullptr);
  const KeyHandle key(
      PEM_read_bio_PrivateKey_ex(bio_of(certificate.key).get(), nullptr, nullptr, nullptr, library.get(), nullptr));
  const CertificateHandle own(PEM_read_bio_X509(bio_of(certificate.certificate).get(), nullptr, nullptr, nullptr));
  const CertificateHandle issuer(PEM_read_bio_X509(bio_of(certificate.issuer).get(), nullptr, nullptr, nullptr));
  STACK_OF(X509)* others = sk_X509_new_null();
  require(key && own && issuer && sk_X509_push(others, issuer.get()) == 1);
  int key_encryption = NID_aes_256_cbc;
  int certificate_encryption = NID_aes_256_cbc;
  if (encryption == PfxEncryption::kNone) key_encryption = certificate_encryption = -1;
  if (encryption == PfxEncryption::kRc2AndTripleDes) {
    key_encryption = NID_pbe_WithSHA1And3_Key_TripleDES_CBC;
    certificate_encryption = NID_pbe_WithSHA1And40BitRC2_CBC;
  }
  const std::string text(password);
  const std::unique_ptr<PKCS12, Release<PKCS12_free>> pfx(
      PKCS12_create_ex(text.c_str(), "application", key.get(), own.get(), others, key_encryption,
                       certificate_encryption, 2048, 2048, 0, library.get(), nullptr));
  sk_X509_free(others);
  require(pfx != nullptr);
  return written([&](BIO* bio) { return i2d_PKCS12_bio(bio, pfx.get()); });
}

std::string file_of_rounds(const ApplicationCertificate& certificate, RoundsIn where, int rounds) {
  unsigned char salt[] = "12345678";
  const int salt_size = 8;
  constexpr int kScryptCost = 4096;  // the rest is parallelization: OpenSSL bounds the memory, which is for the cost
  const auto set_cipher_text = [](ASN1_OCTET_STRING* to) {
    require(ASN1_OCTET_STRING_set(to, reinterpret_cast<const unsigned char*>("0123456789abcdef"), 16) == 1);
  };
  X509_ALGOR* const algorithm = where == RoundsIn::kPemScryptKey
                                    ? PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, salt_size, nullptr, kScryptCost, 1,
                                                            static_cast<std::uint64_t>(rounds / kScryptCost))
                                    : PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), rounds, salt, salt_size, nullptr, -1);
  require(algorithm != nullptr);

  if (where == RoundsIn::kPfxSafe) {
    PKCS7* const safe = PKCS7_new();
    require(safe != nullptr && PKCS7_set_type(safe, NID_pkcs7_encrypted) == 1);
    PKCS7_ENC_CONTENT* const content = safe->d.encrypted->enc_data;
    X509_ALGOR_free(std::exchange(content->algorithm, algorithm));
    content->enc_data = ASN1_OCTET_STRING_new();
    set_cipher_text(content->enc_data);
    return pfx_of_safe(safe);
  }
  X509_SIG* const key = X509_SIG_new();
  X509_ALGOR* of_key = nullptr;
  ASN1_OCTET_STRING* cipher_text = nullptr;
  X509_SIG_getm(key, &of_key, &cipher_text);
  require(X509_ALGOR_copy(of_key, algorithm) == 1);
  X509_ALGOR_free(algorithm);
  set_cipher_text(cipher_text);
  if (where == RoundsIn::kPemKey || where == RoundsIn::kPemScryptKey) {
    const std::string pem = written([&](BIO* bio) { return PEM_write_bio_PKCS8(bio, key); });
    X509_SIG_free(key);
    return pem + certificate.certificate;
  }
  STACK_OF(PKCS12_SAFEBAG)* const bags = sk_PKCS12_SAFEBAG_new_null();
  require(sk_PKCS12_SAFEBAG_push(bags, PKCS12_SAFEBAG_create0_pkcs8(key)) == 1);
  PKCS7* const safe = PKCS12_pack_p7data(bags);
  sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
  return pfx_of_safe(safe, where == RoundsIn::kPfxCheck ? rounds : 0);
}

std::string der_of_pem(const std::string& pem) {
  const CertificateHandle certificate(PEM_read_bio_X509(bio_of(pem).get(), nullptr, nullptr, nullptr));
  require(certificate != nullptr);
  return written([&](BIO* bio) { return i2d_X509_bio(bio, certificate.get()); });
}

std::string sha1_of(std::string_view bytes) { return digest_of(bytes, EVP_sha1()); }
std::string sha256_of(std::string_view bytes) { return digest_of(bytes, EVP_sha256()); }

bool verifies(const std::string& certificate, std::string_view algorithm, std::string_view text,
              std::string_view signature) {
  const CertificateHandle signer(PEM_read_bio_X509(bio_of(certificate).get(), nullptr, nullptr, nullptr));
  const DigestHandle context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  require(signer != nullptr &&
          EVP_DigestVerifyInit(context.get(), &parameters, EVP_sha256(), nullptr, X509_get0_pubkey(signer.get())) == 1);
  if (algorithm == "PS256") {
    require(EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING) == 1 &&
            EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, 32) == 1);
  } else {
    require(algorithm == "RS256");
  }
  return EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
}

}  // namespace azf::test
