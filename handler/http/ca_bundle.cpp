#include "http/ca_bundle.h"

#include <array>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace azf {
namespace {

constexpr std::string_view kWellKnown = "well-known place";

// The list and its order are those of golang/go, src/crypto/x509/root_linux.go.
constexpr std::array<std::string_view, 6> kFiles = {
    "/etc/ssl/certs/ca-certificates.crt",                 // Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",                   // Azure Linux, Fedora, RHEL 6
    "/etc/ssl/ca-bundle.pem",                             // openSUSE
    "/etc/pki/tls/cacert.pem",                            // OpenELEC
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  // CentOS, RHEL 7 and later
    "/etc/ssl/cert.pem",                                  // Alpine
};

constexpr std::string_view kDirectory = "/etc/ssl/certs";

bool has_content(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  return stream.peek() != std::ifstream::traits_type::eof();
}

std::optional<CaLocation> named_by(const Environment& environment, const char* variable) {
  const auto path = environment.get(variable);
  if (!path) return std::nullopt;
  return CaLocation{std::string(*path), variable};
}

std::optional<CaLocation> find_file(const Environment& environment, const std::string& root) {
  for (const auto* variable : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    if (auto named = named_by(environment, variable)) return named;
  }
  for (const auto place : kFiles) {
    auto path = root + std::string(place);
    if (has_content(path)) return CaLocation{std::move(path), std::string(kWellKnown)};
  }
  return std::nullopt;
}

}  // namespace

std::string describe(const CaBundle& bundle) {
  if (bundle.empty()) return "none found; install ca-certificates or name a file by SSL_CERT_FILE";
  std::string text;
  for (const auto& place : {bundle.file, bundle.directory}) {
    if (!place) continue;
    if (!text.empty()) text += " and ";
    text += place->path + " (" + place->origin + ")";
  }
  return text;
}

CaBundle find_ca_bundle(const Environment& environment, const std::string& root) {
  CaBundle bundle{find_file(environment, root), named_by(environment, "SSL_CERT_DIR")};
  if (bundle.empty()) {
    auto path = root + std::string(kDirectory);
    std::error_code ignored;
    if (std::filesystem::is_directory(path, ignored)) {
      bundle.directory = CaLocation{std::move(path), std::string(kWellKnown)};
    }
  }
  return bundle;
}

}  // namespace azf
