#include "identity/client_certificate_credential.h"

#include "core/base64.h"
#include "identity/application_certificate.h"
#include "identity/credential_fixture.h"
#include "support/temporary_directory.h"

#include <doctest/doctest.h>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;
using test::application_certificate;
using test::CredentialFixture;
using test::FakeTransport;

const std::string kTokenUrl = "https://login.microsoftonline.com/" + test::kTenant + "/oauth2/v2.0/token";

struct CertificateFixture : CredentialFixture {
  using CredentialFixture::CredentialFixture;

  ClientCertificateOptions options() const {
    ClientCertificateOptions options;
    options.tenant_id = test::kTenant;
    options.client_id = test::kClient;
    options.certificate_path = directory.path() + "/app.pem";
    return options;
  }
  std::unique_ptr<TokenCredential> create(ClientCertificateOptions with) {
    auto created = create_client_certificate_credential(std::move(with), services());
    REQUIRE(created);
    return std::move(*created);
  }
  std::map<std::string, std::string> form(std::size_t request) {
    return test::fields_of(http.requests().at(request).body);
  }
  Json part(std::size_t request, int number) {
    std::string jwt = form(request).at("client_assertion");
    for (; number > 0; --number) jwt.erase(0, jwt.find('.') + 1);
    return *parse_json(from_base64url(jwt.substr(0, jwt.find('.'))).value_or(""));
  }
  bool signed_by(std::size_t request, const test::ApplicationCertificate& by, std::string_view algorithm) {
    const std::string jwt = form(request).at("client_assertion");
    const auto end = jwt.rfind('.');
    return test::verifies(by.certificate, algorithm, jwt.substr(0, end), *from_base64url(jwt.substr(end + 1)));
  }

  test::TemporaryDirectory directory;
};

std::string pem_of(const test::ApplicationCertificate& made) { return made.key + made.certificate; }

TokenResult get(TokenCredential& credential) { return credential.get_token({{test::kVaultScope}}, Deadline::never()); }

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("I-19: an assertion signed by the certificate is exchanged for a token") {
    CertificateFixture f({test::entra_token("token-1"), test::entra_token("token-2")});
    f.directory.write("app.pem", pem_of(application_certificate()));
    const auto credential = f.create(f.options());
    const auto result = get(*credential);
    REQUIRE(result);
    CHECK((*result)->credential == "ClientCertificateCredential");
    CHECK((*result)->attempts.front().source == "certificate in " + f.directory.path() + "/app.pem of application " +
                                                    test::kClient + " in tenant " + test::kTenant);
    CHECK(f.http.requests().front().url == kTokenUrl);
    const auto form = f.form(0);
    CHECK(form.size() == 5);
    CHECK(form.at("grant_type") == "client_credentials");
    CHECK(form.at("client_id") == test::kClient);
    CHECK(form.at("scope") == test::kVaultScope);
    CHECK(form.at("client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    CHECK(f.part(0, 0)["alg"] == "PS256");
    CHECK(!f.part(0, 0).contains("x5c"));
    CHECK(f.part(0, 1)["aud"] == kTokenUrl);
    CHECK(f.part(0, 1)["exp"].get<int>() - f.part(0, 1)["nbf"].get<int>() == 600);
    CHECK(f.signed_by(0, application_certificate(), "PS256"));

    f.clock.advance(1h);
    REQUIRE(get(*credential));
    CHECK(f.part(1, 1)["nbf"].get<int>() - f.part(0, 1)["nbf"].get<int>() == 3600);
  }

  TEST_CASE("I-20: AD FS gets RS256 and x5t, for its own URL") {
    CertificateFixture f({test::entra_token("token-1")});
    f.directory.write("app.pem", pem_of(application_certificate()));
    auto with = f.options();
    with.tenant_id = "ADFS";
    with.authority_host = "https://adfs.stack.example";
    REQUIRE(get(*f.create(std::move(with))));
    CHECK(f.http.requests().front().url == "https://adfs.stack.example/adfs/oauth2/token");
    CHECK(f.part(0, 0)["alg"] == "RS256");
    CHECK(f.part(0, 0).contains("x5t"));
    CHECK(f.part(0, 1)["aud"] == "https://adfs.stack.example/adfs/oauth2/token");
    CHECK(f.signed_by(0, application_certificate(), "RS256"));
  }

  TEST_CASE("I-21: the chain is sent when asked for") {
    CertificateFixture f({test::entra_token("token-1")});
    const auto& made = application_certificate();
    f.directory.write("app.pem", made.issuer + pem_of(made));
    auto with = f.options();
    with.send_certificate_chain = true;
    REQUIRE(get(*f.create(std::move(with))));
    CHECK(f.part(0, 0)["x5c"] ==
          Json::array({to_base64(test::der_of_pem(made.certificate)), to_base64(test::der_of_pem(made.issuer))}));
  }

  TEST_CASE("a certificate is taken from memory, with its password") {
    CertificateFixture f({test::entra_token("token-1")});
    auto with = f.options();
    with.certificate_path.clear();
    with.certificate =
        Secret(test::pfx_of(application_certificate(), test::PfxEncryption::kAes, test::kCertificatePassword));
    with.password = Secret(test::kCertificatePassword);
    REQUIRE(get(*f.create(std::move(with))));
    CHECK(f.signed_by(0, application_certificate(), "PS256"));
  }

  TEST_CASE("I-1, I-2, I-22: what cannot be right fails creation, and names the file") {
    CertificateFixture f(std::vector<FakeTransport::Reply>{});
    f.directory.write("app.pem", application_certificate().certificate);
    struct Row {
      std::function<void(ClientCertificateOptions&)> spoil;
      std::string part;
    };
    const std::string path = f.directory.path() + "/app.pem";
    const Row rows[] = {
        {[](ClientCertificateOptions&) {}, "certificate file " + path + ": it holds no private key"},
        {[](ClientCertificateOptions& o) { o.certificate_path = "/nowhere.pem"; },
         "certificate: file /nowhere.pem cannot be opened"},
        {[](ClientCertificateOptions& o) { o.certificate_path.clear(); }, "the certificate is missing"},
        {[](ClientCertificateOptions& o) { o.certificate = Secret("x"); }, "not both"},
        {[&](ClientCertificateOptions& o) {
           f.directory.write("app.pem", pem_of(application_certificate()));
           o.tenant_id = "a b";
         },
         "invalid tenant"},
        {[](ClientCertificateOptions& o) { o.client_id.clear(); }, "client id"},
        {[](ClientCertificateOptions& o) { o.authority_host = "http://login.stack.example"; }, "https"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.part);
      auto with = f.options();
      row.spoil(with);
      const auto created = create_client_certificate_credential(std::move(with), f.services());
      REQUIRE(!created);
      CHECK(created.error().kind == ErrorKind::kInvalidArgument);
      CHECK(created.error().message.find(row.part) != std::string::npos);
    }
  }

  TEST_CASE("a certificate that is not loaded at creation fails the request, until it can be used") {
    CertificateFixture f({test::entra_token("token-1")});
    auto with = f.options();
    with.load_at_creation = false;
    const auto credential = f.create(std::move(with));
    const auto result = get(*credential);
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
    CHECK(result.error().attempts.front().code == "certificate_unusable");
    f.directory.write("app.pem", pem_of(application_certificate()));
    CHECK(get(*credential));
  }

  TEST_CASE("a replaced file is used from the next request on; one that cannot be used is a warning") {
    CertificateFixture f([](const HttpRequest&) { return test::entra_token("token"); });
    const auto& other = test::other_application_certificate();
    f.directory.write("app.pem", pem_of(application_certificate()));
    const auto credential = f.create(f.options());
    REQUIRE(get(*credential));
    CHECK(f.signed_by(0, application_certificate(), "PS256"));

    f.directory.write("app.pem", other.issuer + pem_of(other));
    REQUIRE(get(*credential));
    CHECK(f.signed_by(1, other, "PS256"));
    CHECK(f.sink.text().find("certificate") == std::string::npos);

    f.directory.write("app.pem", "half a file");
    REQUIRE(get(*credential));
    CHECK(f.signed_by(2, other, "PS256"));
    CHECK(f.sink.text().find("neither PEM nor PFX") != std::string::npos);
  }

  TEST_CASE("a refusal for a wrong clock is answered once, by the server's time") {
    for (const bool accepted : {true, false}) {
      CAPTURE(accepted);
      CertificateFixture f(std::vector<FakeTransport::Reply>{});
      HttpResponse refusal = test::entra_refusal(401, 700024, "invalid_client");
      refusal.headers.add("Date", "Fri, 02 Jan 2026 02:04:05 GMT");  // one hour behind this machine
      f.http.add_reply(refusal);
      f.http.add_reply(accepted ? FakeTransport::Reply(test::entra_token("token-1")) : FakeTransport::Reply(refusal));
      f.directory.write("app.pem", pem_of(application_certificate()));
      const auto result = get(*f.create(f.options()));
      REQUIRE(f.http.requests().size() == 2);
      CHECK(f.part(0, 1)["iat"].get<int>() - f.part(1, 1)["iat"].get<int>() == 3600);
      CHECK(f.sink.text().find("\"ahead_seconds\":\"3600\"") != std::string::npos);
      REQUIRE(result.has_value() == accepted);
      if (accepted) {
        CHECK((*result)->expires_on == f.clock.system_now() + 3599s);
      } else {
        CHECK(result.error().attempts.front().code == "clock_skew");
        CHECK(result.error().clock_ahead == 1h);
      }
    }
  }

  TEST_CASE("a refusal for an old assertion is not repeated where the clocks agree") {
    CertificateFixture f({test::entra_refusal(401, 700024, "invalid_client")});
    f.directory.write("app.pem", pem_of(application_certificate()));
    const auto result = get(*f.create(f.options()));
    REQUIRE(!result);
    CHECK(result.error().attempts.front().code == "AADSTS700024");
    CHECK(f.http.requests().size() == 1);
  }
}

}  // namespace azf::identity
