#include "emulator/wire/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <poll.h>
#include <utility>

namespace azf::emulator {
namespace {

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
struct FreeCertificate {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
struct FreeKey {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};
struct FreeContext {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct FreeSession {
  void operator()(SSL* session) const { SSL_free(session); }
};
using Session = std::unique_ptr<SSL, FreeSession>;

std::unique_ptr<X509, FreeCertificate> parse_certificate(const std::string& pem) {
  const std::unique_ptr<BIO, FreeBio> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return std::unique_ptr<X509, FreeCertificate>(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
}

// Waits for what OpenSSL said it lacks. A failure when that was not more bytes or more room.
Result<Success> wait_for_more(SSL* session, int outcome, Deadline deadline, const Clock& clock) {
  switch (SSL_get_error(session, outcome)) {
    case SSL_ERROR_WANT_READ: return wait_for_socket(SSL_get_fd(session), POLLIN, deadline, clock);
    case SSL_ERROR_WANT_WRITE: return wait_for_socket(SSL_get_fd(session), POLLOUT, deadline, clock);
    default: ERR_clear_error(); return Error{ErrorKind::kTransport, "the TLS connection broke"};
  }
}

class TlsStream final : public Stream {
 public:
  TlsStream(Session session, const Clock& clock) : session_(std::move(session)), clock_(clock) {}
  ~TlsStream() override { SSL_shutdown(session_.get()); }

  Result<std::size_t> read(std::span<char> buffer, Deadline deadline) override {
    for (;;) {
      std::size_t count = 0;
      const int outcome = SSL_read_ex(session_.get(), buffer.data(), buffer.size(), &count);
      if (outcome == 1) return count;
      if (SSL_get_error(session_.get(), outcome) == SSL_ERROR_ZERO_RETURN) return std::size_t{0};
      if (auto more = wait_for_more(session_.get(), outcome, deadline, clock_); !more) return std::move(more).error();
    }
  }

  Result<Success> write(std::string_view bytes, Deadline deadline) override {
    while (!bytes.empty()) {
      std::size_t count = 0;
      const int outcome = SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &count);
      if (outcome == 1) {
        bytes.remove_prefix(count);
      } else if (auto more = wait_for_more(session_.get(), outcome, deadline, clock_); !more) {
        return more;
      }
    }
    return Success{};
  }

 private:
  Session session_;
  const Clock& clock_;
};

Result<std::unique_ptr<Stream>> shake_hands(SSL_CTX* context, int (*step)(SSL*), int socket, Deadline deadline,
                                            const Clock& clock) {
  Session session(SSL_new(context));
  SSL_set_fd(session.get(), socket);
  for (;;) {
    const int outcome = step(session.get());
    if (outcome == 1) return std::unique_ptr<Stream>(std::make_unique<TlsStream>(std::move(session), clock));
    if (auto more = wait_for_more(session.get(), outcome, deadline, clock); !more) return std::move(more).error();
  }
}

}  // namespace

struct TlsContext::Native {
  std::unique_ptr<SSL_CTX, FreeContext> context;
};

TlsContext::TlsContext(std::unique_ptr<Native> native) : native_(std::move(native)) {}
TlsContext::TlsContext(TlsContext&&) noexcept = default;
TlsContext& TlsContext::operator=(TlsContext&&) noexcept = default;
TlsContext::~TlsContext() = default;

Result<TlsContext> TlsContext::server(const std::string& certificate_pem, const std::string& private_key_pem) {
  auto native = std::make_unique<Native>();
  native->context.reset(SSL_CTX_new(TLS_server_method()));
  const auto certificate = parse_certificate(certificate_pem);
  const std::unique_ptr<BIO, FreeBio> bio(
      BIO_new_mem_buf(private_key_pem.data(), static_cast<int>(private_key_pem.size())));
  const std::unique_ptr<EVP_PKEY, FreeKey> key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  SSL_CTX* context = native->context.get();
  if (!certificate || !key || SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1 ||
      SSL_CTX_use_certificate(context, certificate.get()) != 1 || SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
      SSL_CTX_check_private_key(context) != 1) {
    ERR_clear_error();
    return Error{ErrorKind::kInvalidArgument, "certificate and private key are unreadable or do not belong together"};
  }
  return TlsContext(std::move(native));
}

Result<TlsContext> TlsContext::client(const std::string& authority_pem) {
  auto native = std::make_unique<Native>();
  native->context.reset(SSL_CTX_new(TLS_client_method()));
  SSL_CTX* context = native->context.get();
  const auto authority = parse_certificate(authority_pem);
  if (!authority || X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority.get()) != 1 ||
      X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(context), "127.0.0.1") != 1) {
    ERR_clear_error();
    return Error{ErrorKind::kInvalidArgument, "the certificate of the authority is unreadable"};
  }
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  return TlsContext(std::move(native));
}

Result<std::unique_ptr<Stream>> TlsContext::accept(int socket, Deadline deadline, const Clock& clock) const {
  return shake_hands(native_->context.get(), SSL_accept, socket, deadline, clock);
}

Result<std::unique_ptr<Stream>> TlsContext::connect(int socket, Deadline deadline, const Clock& clock) const {
  return shake_hands(native_->context.get(), SSL_connect, socket, deadline, clock);
}

}  // namespace azf::emulator
