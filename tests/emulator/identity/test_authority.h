#pragma once

#include <string>

namespace azf::emulator {

/// A certificate authority made for this run, and one server certificate of it, all PEM. Never to be trusted beyond.
struct TestAuthority {
  std::string authority_certificate;
  /// Names `localhost`, the emulated vaults `*.vault.localhost`, 127.0.0.1 and ::1.
  std::string server_certificate;
  std::string server_key;
};

/// Makes new keys (P-256, which takes no time) and certificates, valid from yesterday for a month.
TestAuthority create_test_authority();

/// A server certificate that no authority stands behind, PEM, and the key. Callers have to know it by its thumbprint.
struct SelfSignedServer {
  /// Names the same.
  std::string certificate;
  std::string key;
  /// SHA-1 of the certificate, upper-case hexadecimal.
  std::string thumbprint;
};
SelfSignedServer create_self_signed_server();

/// A certificate with which an application proves who it is, and that of its issuer, PEM.
struct ApplicationCertificate {
  std::string certificate;
  /// RSA, 2048 bits.
  std::string key;
  std::string issuer_certificate;
};
ApplicationCertificate create_application_certificate();

}  // namespace azf::emulator
