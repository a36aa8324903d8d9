#include "vector_runner/assertion.h"

#include "core/base64.h"
#include "vector_runner/comparison.h"

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <fstream>
#include <iterator>

namespace azf::test {
namespace {

std::string fixture(const std::string& name) {
  std::ifstream file(std::string(AZF_VECTOR_DIRECTORY "/files/") + name, std::ios::binary);
  REQUIRE(file);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Signed with the leaf's key.
std::string signed_jwt(const std::string& header, const std::string& claims, bool pss) {
  const std::string text = to_base64url(header) + "." + to_base64url(claims);
  const std::string pem = fixture("key-then-cert.pem");
  BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
  EVP_PKEY* key = PEM_read_bio_PrivateKey(bio, nullptr, nullptr, nullptr);
  REQUIRE(key != nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_PKEY_CTX* parameters = nullptr;
  EVP_DigestSignInit(context, &parameters, EVP_sha256(), nullptr, key);
  if (pss) {
    EVP_PKEY_CTX_set_rsa_padding(parameters, RSA_PKCS1_PSS_PADDING);
    EVP_PKEY_CTX_set_rsa_pss_saltlen(parameters, RSA_PSS_SALTLEN_DIGEST);
  }
  std::vector<unsigned char> signature(512);
  std::size_t size = signature.size();
  const std::vector<unsigned char> bytes(text.begin(), text.end());
  const int signed_ok = EVP_DigestSign(context, signature.data(), &size, bytes.data(), bytes.size());
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  BIO_free(bio);
  REQUIRE(signed_ok == 1);
  return text + "." +
         to_base64url(std::string(signature.begin(), signature.begin() + static_cast<std::ptrdiff_t>(size)));
}

constexpr const char* kLeafSha256 = "Kb1tIVDuGfbOjNkyw1b9QLOITJRQ3kd1Uv2J05avLL4";
constexpr const char* kLeafSha1 = "938iaoxwvackVAOx3KjWl3u0qn8";
constexpr const char* kCaSha256 = "dLtOnwTjRpEfWXMpYyPhxkLU-CQvkF7g_XT7isfkY6w";
constexpr const char* kClaims = R"({"aud":"a","iss":"i","exp":1700000600,"nbf":1700000000})";

std::string header(const char* algorithm, const char* name, const char* thumbprint) {
  return std::string(R"({"alg":")") + algorithm + R"(","typ":"JWT",")" + name + R"(":")" + thumbprint + R"("})";
}

}  // namespace

TEST_SUITE("vector runner") {
  TEST_CASE("certificates are found in PEM and PFX files, and named") {
    const auto chain = certificates_in(fixture("ca-leaf-key.pem"), "");
    REQUIRE(chain.size() == 2);
    CHECK(chain[0].name == "ca");
    CHECK(to_base64url(chain[0].sha256) == kCaSha256);
    CHECK(chain[1].name == "leaf");
    CHECK(to_base64url(chain[1].sha256) == kLeafSha256);
    CHECK(to_base64url(chain[1].sha1) == kLeafSha1);
    const auto pfx = certificates_in(fixture("with-password.pfx"), "test-password");
    REQUIRE_FALSE(pfx.empty());
    CHECK(pfx[0].sha256 == chain[1].sha256);
    CHECK(certificates_in("no certificate", "").empty());
  }

  TEST_CASE("an assertion is read only with the signature of the certificate that it names") {
    const auto certificates = certificates_in(fixture("ca-leaf-key.pem"), "");
    const auto reason = [&](const std::string& jwt) {
      const auto assertion = read_assertion(jwt, certificates);
      return assertion ? std::string() : assertion.error().message;
    };
    const std::string good = signed_jwt(header("PS256", "x5t#S256", kLeafSha256), kClaims, true);
    const auto assertion = read_assertion(good, certificates);
    REQUIRE(assertion);
    CHECK(to_text(assertion->header) == R"({"alg":"PS256","typ":"JWT","x5t#S256":"<SHA-256 of leaf, base64url>"})");
    CHECK(assertion->signature_made_by == "leaf");
    CHECK(reason(signed_jwt(header("RS256", "x5t", kLeafSha1), kClaims, false)).empty());

    const std::string bad_signature = "the signature is not that of the certificate that the header names";
    CHECK(reason(signed_jwt(header("PS256", "x5t#S256", kCaSha256), kClaims, true)) == bad_signature);
    CHECK(reason(signed_jwt(header("PS256", "x5t#S256", kLeafSha256), kClaims, false)) == bad_signature);
    CHECK(reason(signed_jwt(header("RS256", "x5t", kLeafSha1), kClaims, true)) == bad_signature);
    CHECK(reason(signed_jwt(header("none", "x5t", kLeafSha1), kClaims, true)) == bad_signature);
    std::string changed = good;
    changed[good.find('.') + 5] ^= 1;
    CHECK_FALSE(reason(changed).empty());
    const std::string unknown = "its thumbprints are not those of one certificate of the scenario";
    CHECK(reason(signed_jwt(header("PS256", "x5t#S256", "AAAA"), kClaims, true)) == unknown);
    CHECK(reason(signed_jwt(header("PS256", "kid", "AAAA"), kClaims, true)) == unknown);
    CHECK(reason("assertion-1") == "it is no JWT");
  }

  TEST_CASE("an expected assertion is compared part by part") {
    Observation seen;
    seen.certificates = certificates_in(fixture("key-then-cert.pem"), "");
    SentRequest sent;
    sent.wall_clock = SystemTime(std::chrono::seconds(1'700'000'003));
    sent.request.url = "https://h.example/";
    sent.request.body = "client_assertion=" + signed_jwt(header("PS256", "x5t#S256", kLeafSha256), kClaims, true);
    seen.sent.push_back(sent);
    const auto found = [&](const char* assertion) {
      Expectation expected;
      ExpectedRequest request;
      request.url = sent.request.url;
      request.assertion = *parse_json(assertion);
      expected.requests.push_back(request);
      const auto lines = differences(expected, {}, seen);
      return lines.empty() ? std::string() : lines.front();
    };
    CHECK(found(R"({"header": {"alg": "PS256", "x5t#S256": "<SHA-256 of leaf, base64url>"}, "lifetime_s": 600,
                    "claims": {"aud": "a", "exp": "<now+600>", "nbf": "<now>"}, "signature_made_by": "leaf",
                    "header_order": ["typ", "alg"], "claims_order": ["exp"]})")
              .empty());
    CHECK(found(R"({"header": {"alg": "RS256"}})") == "request 1: assertion header alg: expected RS256, got PS256");
    CHECK(found(R"({"claims": {"aud": "b"}})") == "request 1: assertion claim aud: expected b, got a");
    CHECK(found(R"({"claims": {"exp": "<now>"}})") == "request 1: assertion claim exp: expected <now>, got 1700000600");
    CHECK(found(R"({"claims": {"jti": "<guid>"}})") == "request 1: assertion claim jti: expected <guid>, got none");
    CHECK(found(R"({"lifetime_s": 300})") == "request 1: assertion lifetime: expected 300 s");
    CHECK(found(R"({"signature_made_by": "ca"})") ==
          "request 1: assertion signature: expected that of ca, got that of leaf");
    CHECK(found(R"({"header_order": ["kid"]})") == "request 1: assertion: no kid");
    CHECK(found(R"({"moon": 1})") == "request 1: unknown field assertion.moon");

    seen.certificates.clear();
    CHECK(found("{}") == "request 1: assertion: its thumbprints are not those of one certificate of the scenario");
  }
}

}  // namespace azf::test
