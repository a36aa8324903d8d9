#include "identity/certificate.h"

#include "identity/application_certificate.h"

#include <doctest/doctest.h>

#include <thread>

namespace azf::identity {
namespace {

using test::application_certificate;
using test::ApplicationCertificate;
using test::KeyKind;
using test::PfxEncryption;

const std::string kPassword(test::kCertificatePassword);

std::string with_crlf(const std::string& pem) {
  std::string text;
  for (const char c : pem) text.append(c == '\n' ? "\r\n" : std::string(1, c));
  return text;
}

std::string first_half(const std::string& text) { return text.substr(0, text.size() / 2); }

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("I-22: a key and its certificate load from PEM and PFX, in every form that people keep") {
    const ApplicationCertificate& made = application_certificate();
    struct Row {
      std::string name;
      std::string bytes;
      std::string password;
      std::size_t certificates = 1;
    };
    const Row rows[] = {
        {"key before certificate", made.key + made.certificate, ""},
        {"certificate before key", made.certificate + made.key, ""},
        {"issuer, key, certificate", made.issuer + made.key + made.certificate, "", 2},
        {"issuer and certificate twice", made.issuer + made.certificate + made.issuer + made.certificate + made.key, "",
         2},
        {"PKCS#1", made.pkcs1_key + made.certificate, ""},
        {"carriage returns", with_crlf(made.key + made.certificate), ""},
        {"bag attributes",
         "Bag Attributes\n    localKeyID: 01\nsubject=CN = x\n" + made.certificate + "Key Attributes: <none>\n" +
             made.key + "\n",
         ""},
        {"no line break at the end", made.certificate + made.key.substr(0, made.key.size() - 1), ""},
        {"byte order mark", "\xef\xbb\xbf" + made.certificate + made.key, ""},
        {"encrypted PKCS#8", made.encrypted_key + made.certificate, kPassword},
        {"encrypted as of old", made.legacy_encrypted_key + made.certificate, kPassword},
        {"a password that nothing needs", made.key + made.certificate, kPassword},
        {"PFX", test::pfx_of(made, PfxEncryption::kAes, kPassword), kPassword, 2},
        {"PFX without password", test::pfx_of(made, PfxEncryption::kAes, ""), "", 2},
        {"PFX without encryption", test::pfx_of(made, PfxEncryption::kNone, kPassword), kPassword, 2},
        {"PFX of old Windows", test::pfx_of(made, PfxEncryption::kRc2AndTripleDes, kPassword), kPassword, 2},
    };
    const std::string der = test::der_of_pem(made.certificate);
    for (const Row& row : rows) {
      CAPTURE(row.name);
      const auto loaded = load_certificate(row.bytes, Secret(row.password));
      REQUIRE_MESSAGE(loaded, loaded.error().message);
      CHECK(loaded->sha1() == test::sha1_of(der));
      CHECK(loaded->sha256() == test::sha256_of(der));
      REQUIRE(loaded->chain().size() == row.certificates);
      CHECK(loaded->chain().front() == der);
      if (row.certificates == 2) CHECK(loaded->chain().back() == test::der_of_pem(made.issuer));
    }
  }

  TEST_CASE("I-22: what cannot be used fails with a reason of its own, and never quotes the content") {
    const ApplicationCertificate& made = application_certificate();
    const ApplicationCertificate& other = test::other_application_certificate();
    const ApplicationCertificate& ec = application_certificate(KeyKind::kEc);
    const ApplicationCertificate& small = application_certificate(KeyKind::kRsa1024);
    const std::string pfx = test::pfx_of(made, PfxEncryption::kAes, kPassword);
    const std::string old_pfx = test::pfx_of(made, PfxEncryption::kRc2AndTripleDes, kPassword);
    const std::string kNeither = "it is neither PEM nor PFX (PKCS#12)";
    const std::string kMissing = "the private key is encrypted, and no password is given";
    const std::string kWrong = "the password is wrong, or the private key is damaged";
    const std::string kNotRsa = "its private key is of another kind than RSA; only RSA keys can be used";
    struct Row {
      std::string name;
      std::string bytes;
      std::string password;
      std::string reason;
    };
    const Row rows[] = {
        {"nothing", "", "", kNeither},
        {"some text", "hello", "", kNeither},
        {"a sequence", "0\x03\x02\x01\x01", "", kNeither},
        {"a certificate in DER", test::der_of_pem(made.certificate), "", kNeither},
        {"half a PFX", first_half(pfx), kPassword, kNeither},
        {"too much", std::string((std::size_t{1} << 20) + 1, '0'), "", "it is larger than 1 MiB"},
        {"no end", first_half(made.key), "", "a PEM block of it does not end"},
        {"no label", "-----BEGIN X", "", "a PEM block of it does not end"},
        {"no certificate", made.key, "", "it holds no certificate"},
        {"no key", made.certificate + made.issuer, "", "it holds no private key"},
        {"several keys", made.key + made.certificate + other.key, "",
         "it holds several private keys; leave only that of the certificate"},
        {"a damaged certificate", made.key + "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", "",
         "a certificate of it is damaged"},
        {"no Base64", made.key + "-----BEGIN CERTIFICATE-----\n#\n-----END CERTIFICATE-----\n", "",
         "a certificate of it is damaged"},
        {"a damaged key", made.certificate + "-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n", "",
         "its private key is damaged"},
        {"the key of another", other.key + made.certificate, "", "its private key belongs to none of its certificates"},
        {"EC", ec.key + ec.certificate, "", kNotRsa},
        {"EC by its label", ec.pkcs1_key + ec.certificate, "", kNotRsa},
        {"EC in a PFX", test::pfx_of(ec, PfxEncryption::kAes, kPassword), kPassword, kNotRsa},
        {"1024 bits", small.key + small.certificate, "",
         "its RSA key has 1024 bits; 2048 are the least that can be used"},
        {"password missing", made.encrypted_key + made.certificate, "", kMissing},
        {"password missing, as of old", made.legacy_encrypted_key + made.certificate, "", kMissing},
        {"password of a PFX missing", pfx, "", kMissing},
        {"password of an old PFX missing", old_pfx, "", kMissing},
        {"password wrong", made.encrypted_key + made.certificate, "wrong", kWrong},
        {"password wrong, as of old", made.legacy_encrypted_key + made.certificate, "wrong", kWrong},
        {"password of a PFX wrong", pfx, "wrong", kWrong},
        {"password of an old PFX wrong", old_pfx, "wrong", kWrong},
        {"a very long password", made.encrypted_key + made.certificate, std::string(5000, 'x'), kWrong},
    };
    for (const Row& row : rows) {
      CAPTURE(row.name);
      const auto loaded = load_certificate(row.bytes, Secret(row.password));
      REQUIRE(!loaded);
      CHECK(loaded.error() == Error{ErrorKind::kInvalidArgument, row.reason});
    }
  }

  TEST_CASE("a file that asks for hours of hashing is refused at once") {
    const ApplicationCertificate& made = application_certificate();
    for (const auto where : {test::RoundsIn::kPfxCheck, test::RoundsIn::kPfxSafe, test::RoundsIn::kPfxKey,
                             test::RoundsIn::kPemKey, test::RoundsIn::kPemScryptKey}) {
      CAPTURE(where);
      const auto loaded = load_certificate(test::file_of_rounds(made, where, 1 << 28), Secret(kPassword));
      REQUIRE(!loaded);
      CHECK(loaded.error() == Error{ErrorKind::kInvalidArgument,
                                    "its password is hashed more than 10 million times; export it again with fewer"});
      const auto usual = load_certificate(test::file_of_rounds(made, where, 4096), Secret(kPassword));
      REQUIRE(!usual);
      CHECK(usual.error().message == "the password is wrong, or the private key is damaged");
    }
  }

  TEST_CASE("an encryption that nobody supports is told apart from a wrong password") {
    const ApplicationCertificate& made = application_certificate();
    std::string key = made.legacy_encrypted_key;
    key.replace(key.find("AES-128-CBC"), 11, "XYZ-128-CBC");
    const auto loaded = load_certificate(key + made.certificate, Secret(kPassword));
    REQUIRE(!loaded);
    CHECK(loaded.error().message ==
          "it is encrypted in a way that is not supported here; export it again with AES-256");
  }

  TEST_CASE("signatures of both algorithms verify, from any thread") {
    const ApplicationCertificate& made = application_certificate();
    const auto loaded = load_certificate(made.key + made.certificate, Secret());
    REQUIRE(loaded);
    const auto sign = [&](Certificate::Algorithm algorithm, std::string_view name) {
      const auto signature = loaded->sign(algorithm, "text");
      return signature && test::verifies(made.certificate, name, "text", *signature) &&
             !test::verifies(made.certificate, name, "other text", *signature);
    };
    CHECK(sign(Certificate::Algorithm::kPs256, "PS256"));
    CHECK(sign(Certificate::Algorithm::kRs256, "RS256"));
    bool elsewhere = false;
    std::thread([&] { elsewhere = sign(Certificate::Algorithm::kPs256, "PS256"); }).join();
    CHECK(elsewhere);
  }
}

}  // namespace azf::identity
