#include "emulator/identity/test_authority.h"

#include "emulator/identity/thumbprint.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <memory>
#include <stdexcept>

namespace azf::emulator {
namespace {

struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeExtension {
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
};
using Key = std::unique_ptr<EVP_PKEY, FreeKey>;
using Certificate = std::unique_ptr<X509, FreeCertificate>;
using Bio = std::unique_ptr<BIO, FreeBio>;

constexpr long kDaySeconds = 24L * 60 * 60;
constexpr long kMonthSeconds = 30 * kDaySeconds;

void check(bool succeeded) {
  if (!succeeded) throw std::logic_error("OpenSSL cannot make a test certificate");
}

constexpr int kRsaBits = 2048;
constexpr const char* kLoopbackNames = "DNS:localhost,DNS:*.vault.localhost,IP:127.0.0.1,IP:::1";

Key generate_key() {
  Key key(EVP_EC_gen("P-256"));
  check(key != nullptr);
  return key;
}

void add_extension(X509* certificate, X509* issuer, int kind, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const std::unique_ptr<X509_EXTENSION, FreeExtension> extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value));
  check(extension != nullptr && X509_add_ext(certificate, extension.get(), -1) == 1);
}

Certificate begin_certificate(long serial, const char* name, EVP_PKEY* key) {
  Certificate certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -kDaySeconds);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), kMonthSeconds);
  X509_set_pubkey(certificate.get(), key);
  check(X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_UTF8,
                                   reinterpret_cast<const unsigned char*>(name), -1, -1, 0) == 1);
  return certificate;
}

struct Authority {
  Key key;
  Certificate certificate;
};

Authority create_authority(const char* name) {
  Authority authority{generate_key(), nullptr};
  authority.certificate = begin_certificate(1, name, authority.key.get());
  X509* certificate = authority.certificate.get();
  X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
  add_extension(certificate, certificate, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  add_extension(certificate, certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  add_extension(certificate, certificate, NID_subject_key_identifier, "hash");
  check(X509_sign(certificate, authority.key.get(), EVP_sha256()) > 0);
  return authority;
}

Certificate issue(const Authority& authority, const char* name, EVP_PKEY* key, const char* purpose,
                  const char* other_names) {
  Certificate certificate = begin_certificate(2, name, key);
  X509* issuer = authority.certificate.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer));
  add_extension(certificate.get(), issuer, NID_basic_constraints, "critical,CA:FALSE");
  add_extension(certificate.get(), issuer, NID_key_usage, "critical,digitalSignature");
  add_extension(certificate.get(), issuer, NID_ext_key_usage, purpose);
  if (other_names != nullptr) add_extension(certificate.get(), issuer, NID_subject_alt_name, other_names);
  add_extension(certificate.get(), issuer, NID_authority_key_identifier, "keyid");
  check(X509_sign(certificate.get(), authority.key.get(), EVP_sha256()) > 0);
  return certificate;
}

std::string text_of(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

std::string to_pem(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_X509(bio.get(), certificate) == 1);
  return text_of(bio.get());
}

std::string to_pem(EVP_PKEY* key) {
  const Bio bio(BIO_new(BIO_s_mem()));
  check(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(bio.get());
}

std::string to_der(X509* certificate) {
  const Bio bio(BIO_new(BIO_s_mem()));
  check(i2d_X509_bio(bio.get(), certificate) == 1);
  return text_of(bio.get());
}

}  // namespace

TestAuthority create_test_authority() {
  const Authority authority = create_authority("Emulator test authority, do not trust");
  const Key key = generate_key();
  const Certificate server = issue(authority, "localhost", key.get(), "serverAuth", kLoopbackNames);
  return {to_pem(authority.certificate.get()), to_pem(server.get()), to_pem(key.get())};
}

SelfSignedServer create_self_signed_server() {
  const Key key = generate_key();
  const Certificate server = begin_certificate(1, "Emulator cluster, do not trust", key.get());
  X509_set_issuer_name(server.get(), X509_get_subject_name(server.get()));
  add_extension(server.get(), server.get(), NID_ext_key_usage, "serverAuth");
  add_extension(server.get(), server.get(), NID_subject_alt_name, kLoopbackNames);
  check(X509_sign(server.get(), key.get(), EVP_sha256()) > 0);
  return {to_pem(server.get()), to_pem(key.get()), sha1_hex(to_der(server.get()))};
}

ApplicationCertificate create_application_certificate() {
  const Authority authority = create_authority("Emulator application authority, do not trust");
  const Key key(EVP_RSA_gen(kRsaBits));
  check(key != nullptr);
  const Certificate leaf = issue(authority, "emulator-application", key.get(), "clientAuth", nullptr);
  return {to_pem(leaf.get()), to_pem(key.get()), to_pem(authority.certificate.get())};
}

}  // namespace azf::emulator
