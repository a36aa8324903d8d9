#pragma once

#include <string>
#include <string_view>

namespace azf::test {

enum class KeyKind { kRsa2048, kRsa1024, kEc };

/// A certificate of an application, signed by an authority of its own, in all the forms that people keep. All PEM.
struct ApplicationCertificate {
  std::string certificate;
  std::string issuer;
  std::string key;                   ///< PKCS#8
  std::string pkcs1_key;             ///< `RSA PRIVATE KEY`, or the like of other kinds
  std::string encrypted_key;         ///< PKCS#8 with PBES2
  std::string legacy_encrypted_key;  ///< PKCS#1 with the header `Proc-Type`
};

/// The password of all encrypted forms.
inline constexpr std::string_view kCertificatePassword = "password-marker";

/// Two of each kind exist, with keys of their own; each is made when it is first asked for, and then kept.
const ApplicationCertificate& application_certificate(KeyKind kind = KeyKind::kRsa2048);
const ApplicationCertificate& other_application_certificate(KeyKind kind = KeyKind::kRsa2048);

enum class PfxEncryption {
  kAes,              ///< as OpenSSL 3 and Windows Server 2022 write
  kRc2AndTripleDes,  ///< as Windows wrote for twenty years
  kNone,             ///< only a check by the password
};

/// A PFX with key, certificate and issuer. An empty password is no password.
std::string pfx_of(const ApplicationCertificate& certificate, PfxEncryption encryption, std::string_view password);

/// Where a file says how often its password is to be hashed.
enum class RoundsIn {
  kPfxCheck,      ///< of a PFX that is not encrypted
  kPfxSafe,       ///< around everything in it
  kPfxKey,        ///< around the private key only
  kPemKey,        ///< PKCS#8 with PBKDF2, and a certificate
  kPemScryptKey,  ///< PKCS#8 with scrypt, and a certificate; the rounds are its cost
};

/// A file that demands so many rounds, a multiple of 4096. Nobody has computed them: what is encrypted in it is no
/// cipher text.
std::string file_of_rounds(const ApplicationCertificate& certificate, RoundsIn where, int rounds);

/// The one block of a PEM text, decoded.
std::string der_of_pem(const std::string& pem);
std::string sha1_of(std::string_view bytes);
std::string sha256_of(std::string_view bytes);

/// Whether `signature` is one of PS256 (salt of 32 bytes) or RS256 over `text`, by the key of the certificate.
bool verifies(const std::string& certificate, std::string_view algorithm, std::string_view text,
              std::string_view signature);

}  // namespace azf::test
