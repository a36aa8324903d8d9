#pragma once

#include "core/json.h"
#include "core/result.h"

#include <string>
#include <string_view>
#include <vector>

namespace azf::test {

/// A certificate that a scenario knows by name. Value.
struct KnownCertificate {
  /// `ca` for an authority's, else `leaf`.
  std::string name;
  /// Bytes.
  std::string der;
  std::string sha1;
  std::string sha256;
};

/// All certificates of a PEM or PFX file; none for any other content.
std::vector<KnownCertificate> certificates_in(const std::string& content, const std::string& password);

/// A client assertion (RFC 7523) whose signature was verified. Value.
struct DecodedAssertion {
  /// Thumbprints and certificates are replaced by the certificate's name: `<SHA-256 of leaf, base64url>`,
  /// `<SHA-1 of leaf, base64url>`, `<SHA-1 of leaf, upper case hex>`, `<base64 DER of leaf>`.
  Json header;
  Json claims;
  /// The certificate that the header names, and whose key made the signature.
  std::string signature_made_by;
};

/// Takes a JWT apart. Fails with `kInvalidArgument` if it is none, names no known certificate, or was not signed with
/// the key of the one that it names.
Result<DecodedAssertion> read_assertion(std::string_view jwt, const std::vector<KnownCertificate>& certificates);

}  // namespace azf::test
