#pragma once

#include <string>

namespace azf::emulator {

/// A certificate authority made for this run, and one server certificate of it, all PEM. Never to be trusted beyond.
struct TestAuthority {
  std::string authority_certificate;
  /// Names `localhost`, 127.0.0.1 and ::1.
  std::string server_certificate;
  std::string server_key;
};

/// Makes new keys (P-256, which takes no time) and certificates, valid from yesterday for a month.
TestAuthority create_test_authority();

}  // namespace azf::emulator
