#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "core/secret.h"
#include "identity/certificate.h"

#include <string>
#include <string_view>

namespace azf::identity {

/// What a client assertion says. Value.
struct AssertionStatement {
  /// Whom it is for: exactly the token URL that it is sent to.
  std::string audience;
  std::string client_id;
  /// A fresh GUID.
  std::string id;
  /// It is valid from then for ten minutes.
  SystemTime now;
  /// PS256 names the certificate by SHA-256 (`x5t#S256`), RS256 by SHA-1 (`x5t`), which is what AD FS knows.
  Certificate::Algorithm algorithm = Certificate::Algorithm::kPs256;
  /// Whether the certificates themselves are in it (`x5c`).
  bool with_chain = false;
};

/// The signed JWT (RFC 7523 section 3; Microsoft Entra documentation, "Microsoft identity platform application
/// authentication certificate credentials"). Fails with `kInternal` only.
Result<Secret> client_assertion(const Certificate& certificate, const AssertionStatement& statement);

}  // namespace azf::identity
