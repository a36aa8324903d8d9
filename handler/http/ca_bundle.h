#pragma once

#include "core/environment.h"

#include <optional>
#include <string>

namespace azf {

/// A place with CA certificates, and how we came to it.
struct CaLocation {
  std::string path;
  /// The variable that names it, or `well-known place`.
  std::string origin;

  friend bool operator==(const CaLocation&, const CaLocation&) = default;
};

/// Where the CA certificates are that TLS servers are checked against. A certificate of either place is trusted, as
/// with OpenSSL's own variables. Value.
struct CaBundle {
  /// One file of PEM certificates.
  std::optional<CaLocation> file;
  /// Directories of hashed certificates, separated by colons.
  std::optional<CaLocation> directory;

  [[nodiscard]] bool empty() const { return !file && !directory; }

  friend bool operator==(const CaBundle&, const CaBundle&) = default;
};

/// For messages: `/etc/ssl/cert.pem (SSL_CERT_FILE)`, or what to do when there is no bundle.
std::string describe(const CaBundle& bundle);

/// The file is that of `CURL_CA_BUNDLE`, else that of `SSL_CERT_FILE`, else the first readable one among the places
/// the distributions use. The directory is that of `SSL_CERT_DIR`; else, where there is no file, `/etc/ssl/certs`. A
/// place that a variable names is taken without a look at it, so that a wrong one is reported, not passed over.
/// `root` is put in front of the well-known places.
CaBundle find_ca_bundle(const Environment& environment, const std::string& root = {});

}  // namespace azf
