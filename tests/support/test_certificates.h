#pragma once

#include "support/loopback_server.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace azf::test {

/// A certificate with its private key, both PEM.
struct CertifiedKey {
  std::string certificate;
  std::string private_key;
};

/// What a server's certificate says. `names` are DNS names or IPv4 addresses in text form.
struct CertificateSubject {
  std::vector<std::string> names;
  std::chrono::hours valid_from{-1};  ///< from now
  std::chrono::hours valid_to{24};    ///< from now
};

/// A certificate authority that lives as long as the object. Immutable, so thread-safe.
class TestCertificateAuthority {
 public:
  explicit TestCertificateAuthority(const std::string& name = "test authority");
  ~TestCertificateAuthority();

  /// The root certificate, PEM: the content of a CA file that trusts this authority.
  [[nodiscard]] std::string certificate() const;
  [[nodiscard]] CertifiedKey issue(const CertificateSubject& subject) const;

 private:
  struct Keys;
  const std::unique_ptr<Keys> keys_;
};

/// A server certificate that nobody vouches for.
CertifiedKey self_signed(const CertificateSubject& subject);

/// SHA-1 of the certificate's DER form, 40 lower-case hexadecimal digits.
std::string sha1_of(const CertifiedKey& identity);

/// Channels that speak TLS 1.2 or later, as the server. Where `connect_reply` is not empty, it is first sent in answer
/// to a plain-text CONNECT, so that one server can play a proxy and what stands behind it.
ChannelFactory tls_channel(const CertifiedKey& identity, std::string connect_reply = {});

}  // namespace azf::test
