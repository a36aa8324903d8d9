#include "emulator/identity/client_certificate.h"

#include "emulator/identity/test_authority.h"
#include "emulator/identity/thumbprint.h"
#include "emulator/wire/coding.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <stdexcept>

namespace azf::emulator {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;
using Digest = std::unique_ptr<EVP_MD_CTX, FreeDigest>;
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;

const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

Bio reader_of(const std::string& text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

std::string der_of_pem(const std::string& pem) {
  const Certificate certificate(PEM_read_bio_X509(reader_of(pem).get(), nullptr, nullptr, nullptr));
  const Bio bio(BIO_new(BIO_s_mem()));
  if (!certificate || i2d_X509_bio(bio.get(), certificate.get()) != 1) {
    throw std::logic_error("OpenSSL cannot read its own certificate");
  }
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

// Sets what the algorithm wants beyond SHA-256; false for an algorithm that is not known.
bool set_padding(EVP_PKEY_CTX* context, std::string_view algorithm) {
  if (algorithm == "RS256") return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  return algorithm == "PS256" && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

}  // namespace

struct ClientCertificate::Native {
  ApplicationCertificate text = create_application_certificate();
  std::string der = der_of_pem(text.certificate);
  std::string issuer_der = der_of_pem(text.issuer_certificate);
  Key key{PEM_read_bio_PrivateKey(reader_of(text.key).get(), nullptr, nullptr, nullptr)};
};

ClientCertificate::ClientCertificate() : native_(std::make_unique<const Native>()) {}
ClientCertificate::~ClientCertificate() = default;

std::string ClientCertificate::pem() const { return native_->text.key + native_->text.certificate; }
std::string ClientCertificate::pem_with_chain() const { return pem() + native_->text.issuer_certificate; }
std::string ClientCertificate::sha1_base64url() const { return to_base64url(sha1(native_->der)); }
std::string ClientCertificate::sha1_hex() const { return emulator::sha1_hex(native_->der); }
std::string ClientCertificate::sha256_base64url() const { return to_base64url(sha256(native_->der)); }
std::string ClientCertificate::der() const { return native_->der; }
std::string ClientCertificate::issuer_der() const { return native_->issuer_der; }

bool ClientCertificate::verifies(std::string_view algorithm, std::string_view text, std::string_view signature) const {
  const Digest context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  return EVP_DigestVerifyInit(context.get(), &key_context, EVP_sha256(), nullptr, native_->key.get()) == 1 &&
         set_padding(key_context, algorithm) &&
         EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
}

std::string ClientCertificate::sign(std::string_view algorithm, std::string_view text) const {
  const Digest context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(native_->key.get())), '\0');
  std::size_t size = signature.size();
  if (EVP_DigestSignInit(context.get(), &key_context, EVP_sha256(), nullptr, native_->key.get()) != 1 ||
      !set_padding(key_context, algorithm) ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, bytes_of(text),
                     text.size()) != 1) {
    throw std::logic_error("OpenSSL cannot sign");
  }
  signature.resize(size);
  return signature;
}

}  // namespace azf::emulator
