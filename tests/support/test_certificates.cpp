#include "support/test_certificates.h"

#include "support/openssl_handles.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <netinet/in.h>
#include <signal.h>
#include <stdexcept>
#include <utility>

namespace azf::test {
namespace {

using Extension = std::unique_ptr<X509_EXTENSION, Release<X509_EXTENSION_free>>;
using Session = std::unique_ptr<SSL, Release<SSL_free>>;

void require(bool ok) {
  if (!ok) throw std::runtime_error("OpenSSL failed in a test certificate or channel");
}

KeyHandle new_key() {
  KeyHandle key(EVP_EC_gen("P-256"));
  require(key != nullptr);
  return key;
}

std::string text_of(const BioHandle& bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

std::string to_pem(const CertificateHandle& certificate) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_X509(bio.get(), certificate.get()) == 1);
  return text_of(bio);
}

std::string to_pem(const KeyHandle& key) {
  const BioHandle bio(BIO_new(BIO_s_mem()));
  require(PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return text_of(bio);
}

BioHandle bio_of(const std::string& pem) {
  return BioHandle(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// A certificate for `key` with everything but issuer and signature.
CertificateHandle unsigned_certificate(const KeyHandle& key, const std::string& common_name, std::chrono::hours from,
                                       std::chrono::hours to) {
  static std::atomic<long> serial{1};
  CertificateHandle certificate(X509_new());
  X509* const x = certificate.get();
  const auto in_seconds = [](std::chrono::hours h) { return static_cast<long>(std::chrono::seconds(h).count()); };
  X509_NAME* const name = X509_get_subject_name(x);
  require(X509_set_version(x, X509_VERSION_3) == 1 && ASN1_INTEGER_set(X509_get_serialNumber(x), serial++) == 1 &&
          X509_gmtime_adj(X509_getm_notBefore(x), in_seconds(from)) != nullptr &&
          X509_gmtime_adj(X509_getm_notAfter(x), in_seconds(to)) != nullptr && X509_set_pubkey(x, key.get()) == 1 &&
          X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                     reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0) == 1);
  return certificate;
}

void extend(const CertificateHandle& certificate, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate.get(), certificate.get(), nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  require(extension != nullptr && X509_add_ext(certificate.get(), extension.get(), -1) == 1);
}

void sign(const CertificateHandle& certificate, const X509* issuer, const KeyHandle& issuer_key) {
  require(X509_set_issuer_name(certificate.get(), X509_get_subject_name(issuer)) == 1 &&
          X509_sign(certificate.get(), issuer_key.get(), EVP_sha256()) > 0);
}

CertificateHandle server_certificate(const KeyHandle& key, const CertificateSubject& subject) {
  auto certificate = unsigned_certificate(key, "test server", subject.valid_from, subject.valid_to);
  std::string names;
  for (const auto& name : subject.names) {
    in_addr address{};
    const bool is_address = inet_pton(AF_INET, name.c_str(), &address) == 1;
    names.append(names.empty() ? "" : ",").append(is_address ? "IP:" : "DNS:").append(name);
  }
  extend(certificate, NID_subject_alt_name, names);
  extend(certificate, NID_ext_key_usage, "serverAuth");
  return certificate;
}

class TlsChannel final : public Channel {
 public:
  explicit TlsChannel(Session session) : session_(std::move(session)) {}
  ~TlsChannel() override { (void)SSL_shutdown(session_.get()); }
  TlsChannel(const TlsChannel&) = delete;
  TlsChannel& operator=(const TlsChannel&) = delete;

  std::size_t read(char* buffer, std::size_t size) override {
    std::size_t count = 0;
    return SSL_read_ex(session_.get(), buffer, size, &count) == 1 ? count : 0;
  }

  bool write(std::string_view bytes) override {
    std::size_t count = 0;
    return bytes.empty() || SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &count) == 1;
  }

 private:
  const Session session_;
};

// OpenSSL writes to sockets without MSG_NOSIGNAL. The thread serves one connection and needs the signal for nothing.
void block_sigpipe() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGPIPE);
  require(pthread_sigmask(SIG_BLOCK, &signals, nullptr) == 0);
}

// Reads a plain-text head byte by byte, so that nothing of the TLS handshake behind it is taken.
bool answer_connect(int socket, const std::string& reply) {
  const auto plain = plain_channel(socket);
  std::string head;
  char byte = 0;
  while (!head.ends_with("\r\n\r\n")) {
    if (plain->read(&byte, 1) == 0) return false;
    head.push_back(byte);
  }
  return head.starts_with("CONNECT ") && plain->write(reply);
}

}  // namespace

struct TestCertificateAuthority::Keys {
  KeyHandle key;
  CertificateHandle certificate;
};

TestCertificateAuthority::TestCertificateAuthority(const std::string& name) : keys_(std::make_unique<Keys>()) {
  keys_->key = new_key();
  keys_->certificate = unsigned_certificate(keys_->key, name, std::chrono::hours(-48), std::chrono::hours(48));
  extend(keys_->certificate, NID_basic_constraints, "critical,CA:TRUE");
  extend(keys_->certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(keys_->certificate, NID_subject_key_identifier, "hash");
  sign(keys_->certificate, keys_->certificate.get(), keys_->key);
}

TestCertificateAuthority::~TestCertificateAuthority() = default;

std::string TestCertificateAuthority::certificate() const { return to_pem(keys_->certificate); }

CertifiedKey TestCertificateAuthority::issue(const CertificateSubject& subject) const {
  const auto key = new_key();
  const auto certificate = server_certificate(key, subject);
  sign(certificate, keys_->certificate.get(), keys_->key);
  return {to_pem(certificate), to_pem(key)};
}

CertifiedKey self_signed(const CertificateSubject& subject) {
  const auto key = new_key();
  const auto certificate = server_certificate(key, subject);
  sign(certificate, certificate.get(), key);
  return {to_pem(certificate), to_pem(key)};
}

std::string sha1_of(const CertifiedKey& identity) {
  const CertificateHandle certificate(PEM_read_bio_X509(bio_of(identity.certificate).get(), nullptr, nullptr, nullptr));
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  require(certificate != nullptr && X509_digest(certificate.get(), EVP_sha1(), digest.data(), &size) == 1);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  for (unsigned int i = 0; i < size; ++i) {
    text.push_back(kHex[digest.at(i) >> 4U]);
    text.push_back(kHex[digest.at(i) & 15U]);
  }
  return text;
}

ChannelFactory tls_channel(const CertifiedKey& identity, std::string connect_reply) {
  // shared: the factory is copied, and OpenSSL counts the references of sessions to their context itself
  const std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), Release<SSL_CTX_free>());
  const CertificateHandle certificate(PEM_read_bio_X509(bio_of(identity.certificate).get(), nullptr, nullptr, nullptr));
  const KeyHandle key(PEM_read_bio_PrivateKey(bio_of(identity.private_key).get(), nullptr, nullptr, nullptr));
  require(context != nullptr && SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) == 1 &&
          SSL_CTX_use_certificate(context.get(), certificate.get()) == 1 &&
          SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1);
  return [context, connect_reply = std::move(connect_reply)](int socket) -> std::unique_ptr<Channel> {
    block_sigpipe();
    if (!connect_reply.empty() && !answer_connect(socket, connect_reply)) return nullptr;
    Session session(SSL_new(context.get()));
    if (!session || SSL_set_fd(session.get(), socket) != 1 || SSL_accept(session.get()) != 1) return nullptr;
    return std::make_unique<TlsChannel>(std::move(session));
  };
}

}  // namespace azf::test
