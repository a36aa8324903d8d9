#include "vector_runner/assertion.h"

#include "core/base64.h"
#include "support/openssl_handles.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace azf::test {
namespace {

struct FreeStack {
  void operator()(STACK_OF(X509) * certificates) const { sk_X509_pop_free(certificates, X509_free); }
};

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());  // NOLINT(*-reinterpret-cast): OpenSSL's bytes
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text.append(1, kDigits[byte >> 4U]).append(1, kDigits[byte & 15U]);
  }
  return text;
}

std::string digest_of(X509* certificate, const EVP_MD* method) {
  std::string digest(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  auto* out = reinterpret_cast<unsigned char*>(digest.data());  // NOLINT(*-reinterpret-cast): OpenSSL's bytes
  X509_digest(certificate, method, out, &size);
  digest.resize(size);
  return digest;
}

KnownCertificate known(X509* certificate) {
  unsigned char* der = nullptr;
  const int size = i2d_X509(certificate, &der);
  KnownCertificate result;
  result.name = X509_check_ca(certificate) != 0 && X509_self_signed(certificate, 0) == 1 ? "ca" : "leaf";
  if (size > 0) result.der.assign(der, der + size);
  OPENSSL_free(der);
  result.sha1 = digest_of(certificate, EVP_sha1());
  result.sha256 = digest_of(certificate, EVP_sha256());
  return result;
}

CertificateHandle certificate_of(const KnownCertificate& known) {
  const unsigned char* der = bytes_of(known.der);
  return CertificateHandle(d2i_X509(nullptr, &der, static_cast<long>(known.der.size())));
}

// PS256 or RS256 (RFC 7518 sections 3.5 and 3.3).
bool verifies(X509* certificate, const std::string& algorithm, std::string_view text, std::string_view signature) {
  const KeyHandle key(X509_get_pubkey(certificate));
  const DigestHandle context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* parameters = nullptr;
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return false;
  if (EVP_DigestVerifyInit(context.get(), &parameters, EVP_sha256(), nullptr, key.get()) != 1) return false;
  if (algorithm == "PS256") {
    EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST);
  } else if (algorithm != "RS256") {
    return false;
  }
  const bool good =
      EVP_DigestVerify(context.get(), bytes_of(signature), signature.size(), bytes_of(text), text.size()) == 1;
  ERR_clear_error();
  return good;
}

// Every text that stands for a certificate in a header, and its marker.
std::map<std::string, std::string> marker_texts(const std::vector<KnownCertificate>& certificates) {
  std::map<std::string, std::string> markers;
  for (const KnownCertificate& each : certificates) {
    markers[to_base64url(each.sha1)] = "<SHA-1 of " + each.name + ", base64url>";
    markers[hex(each.sha1)] = "<SHA-1 of " + each.name + ", upper case hex>";
    markers[to_base64url(each.sha256)] = "<SHA-256 of " + each.name + ", base64url>";
    markers[to_base64(each.der)] = "<base64 DER of " + each.name + ">";
  }
  return markers;
}

Json with_markers(Json header, const std::map<std::string, std::string>& markers) {
  if (header.is_string()) {
    const auto marker = markers.find(header.get<std::string>());
    return marker == markers.end() ? header : Json(marker->second);
  }
  if (header.is_structured()) {
    for (Json& each : header) each = with_markers(each, markers);
  }
  return header;
}

// The certificate whose thumbprints the header has; null if there is none, or two that differ.
const KnownCertificate* named_by(const Json& header, const std::vector<KnownCertificate>& certificates) {
  const auto thumbprint = [&](const char* name) { return optional_string(header, name); };
  const auto sha256 = thumbprint("x5t#S256");
  const auto sha1 = thumbprint("x5t");
  if (!sha256 || !sha1 || (!*sha256 && !*sha1)) return nullptr;
  const auto named = std::ranges::find_if(certificates, [&](const KnownCertificate& each) {
    return (!*sha256 || **sha256 == to_base64url(each.sha256)) && (!*sha1 || **sha1 == to_base64url(each.sha1));
  });
  return named == certificates.end() ? nullptr : &*named;
}

}  // namespace

std::vector<KnownCertificate> certificates_in(const std::string& content, const std::string& password) {
  std::vector<KnownCertificate> result;
  const BioHandle pem(BIO_new_mem_buf(content.data(), static_cast<int>(content.size())));
  while (const CertificateHandle certificate{PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr)}) {
    result.push_back(known(certificate.get()));
  }
  if (result.empty()) {
    const unsigned char* der = bytes_of(content);
    const std::unique_ptr<PKCS12, Release<PKCS12_free>> pfx(
        d2i_PKCS12(nullptr, &der, static_cast<long>(content.size())));
    EVP_PKEY* key = nullptr;
    X509* own = nullptr;
    STACK_OF(X509)* others = nullptr;
    if (pfx && PKCS12_parse(pfx.get(), password.c_str(), &key, &own, &others) == 1) {
      const KeyHandle key_owner(key);
      const CertificateHandle own_owner(own);
      const std::unique_ptr<STACK_OF(X509), FreeStack> others_owner(others);
      if (own != nullptr) result.push_back(known(own));
      for (int i = 0; others != nullptr && i < sk_X509_num(others); ++i) {
        result.push_back(known(sk_X509_value(others, i)));
      }
    }
  }
  ERR_clear_error();  // the end of a PEM text is one
  return result;
}

Result<DecodedAssertion> read_assertion(std::string_view jwt, const std::vector<KnownCertificate>& certificates) {
  const auto invalid = [](std::string why) { return Error{ErrorKind::kInvalidArgument, std::move(why)}; };
  const auto first = jwt.find('.');
  const auto last = jwt.rfind('.');
  if (first == std::string_view::npos || first == last) return invalid("it is no JWT");
  const auto header_text = from_base64url(jwt.substr(0, first));
  const auto claims_text = from_base64url(jwt.substr(first + 1, last - first - 1));
  const auto signature = from_base64url(jwt.substr(last + 1));
  if (!header_text || !claims_text || !signature) return invalid("a part of the JWT is not base64url");
  auto header = parse_json(*header_text);
  auto claims = parse_json(*claims_text);
  if (!header || !claims || !header->is_object() || !claims->is_object()) {
    return invalid("a part of the JWT is not a JSON object");
  }

  const KnownCertificate* certificate = named_by(*header, certificates);
  if (certificate == nullptr) return invalid("its thumbprints are not those of one certificate of the scenario");
  const auto algorithm = optional_string(*header, "alg");
  const CertificateHandle parsed = certificate_of(*certificate);
  if (!algorithm || !*algorithm || !verifies(parsed.get(), **algorithm, jwt.substr(0, last), *signature)) {
    return invalid("the signature is not that of the certificate that the header names");
  }
  return DecodedAssertion{with_markers(std::move(*header), marker_texts(certificates)), std::move(*claims),
                          certificate->name};
}

}  // namespace azf::test
