#include "identity/environment_credential.h"

#include "core/base64.h"
#include "identity/application_certificate.h"
#include "identity/credential_fixture.h"
#include "support/temporary_directory.h"

#include <doctest/doctest.h>

namespace azf::identity {
namespace {

using test::CredentialFixture;

void configure(Environment& environment) {
  environment.set("AZURE_TENANT_ID", test::kTenant);
  environment.set("AZURE_CLIENT_ID", test::kClient);
  environment.set("AZURE_CLIENT_SECRET", "secret-marker");
}

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("the environment's application gets a token under the credential's name") {
    CredentialFixture f({test::entra_token("token-1")});
    configure(f.environment);
    f.environment.set("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/");
    f.environment.set("AZURE_ADDITIONALLY_ALLOWED_TENANTS", "contoso.com");
    const auto created = create_environment_credential({}, f.services());
    REQUIRE(created);
    CHECK((*created)->name() == "EnvironmentCredential");
    const auto result = (*created)->get_token({{test::kVaultScope}, "contoso.com", ""}, Deadline::never());
    REQUIRE(result);
    CHECK((*result)->credential == "EnvironmentCredential");
    CHECK(f.http.requests().front().url == "https://login.microsoftonline.us/contoso.com/oauth2/v2.0/token");
  }

  TEST_CASE("I-26: an incomplete environment is unavailable, naming variables and no values") {
    struct Row {
      std::vector<std::pair<std::string, std::string>> variables;
      std::string_view part;
    };
    const std::pair<std::string, std::string> tenant{"AZURE_TENANT_ID", "tenant-marker"};
    const std::pair<std::string, std::string> client{"AZURE_CLIENT_ID", "client-marker"};
    const std::pair<std::string, std::string> secret{"AZURE_CLIENT_SECRET", "secret-marker"};
    const Row rows[] = {
        {{}, "set: none; missing: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET"},
        {{client, secret}, "set: AZURE_CLIENT_ID, AZURE_CLIENT_SECRET; missing: AZURE_TENANT_ID"},
        {{tenant, client, {"AZURE_CLIENT_SECRET", ""}}, "missing: AZURE_CLIENT_SECRET"},
        {{tenant, client},
         "set: AZURE_TENANT_ID, AZURE_CLIENT_ID; missing: AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH"},
        {{client, {"AZURE_CLIENT_CERTIFICATE_PATH", "path-marker"}},
         "set: AZURE_CLIENT_ID, AZURE_CLIENT_CERTIFICATE_PATH; missing: AZURE_TENANT_ID"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.part);
      CredentialFixture f(std::vector<test::FakeTransport::Reply>{});
      for (const auto& [name, value] : row.variables) f.environment.set(name, value);
      const auto created = create_environment_credential({}, f.services());
      REQUIRE(!created);
      CHECK(created.error().kind == ErrorKind::kCredentialUnavailable);
      CHECK(created.error().message.find(row.part) != std::string::npos);
      CHECK(created.error().message.find("marker") == std::string::npos);
    }
  }

  TEST_CASE("the environment's certificate signs for a token, with its chain where that is asked for") {
    const auto& made = test::application_certificate();
    const test::TemporaryDirectory directory;
    for (const std::string chain : {"", "0", "1", "True"}) {
      CAPTURE(chain);
      CredentialFixture f({test::entra_token("token-1")});
      f.environment.set("AZURE_TENANT_ID", test::kTenant);
      f.environment.set("AZURE_CLIENT_ID", test::kClient);
      f.environment.set("AZURE_CLIENT_CERTIFICATE_PATH",
                        directory.write("app.pem", made.encrypted_key + made.certificate));
      f.environment.set("AZURE_CLIENT_CERTIFICATE_PASSWORD", std::string(test::kCertificatePassword));
      f.environment.set("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN", chain);
      const auto created = create_environment_credential({}, f.services());
      REQUIRE(created);
      const auto result = (*created)->get_token({{test::kVaultScope}}, Deadline::never());
      REQUIRE(result);
      CHECK((*result)->credential == "EnvironmentCredential");
      const std::string jwt = test::fields_of(f.http.requests().front().body).at("client_assertion");
      const auto header = parse_json(from_base64url(jwt.substr(0, jwt.find('.'))).value_or(""));
      REQUIRE(header);
      CHECK(header->contains("x5c") == (chain == "1" || chain == "True"));
    }
  }

  TEST_CASE("a user's name and password are a retired method, and nothing is sent") {
    CredentialFixture f(std::vector<test::FakeTransport::Reply>{});
    f.environment.set("AZURE_TENANT_ID", test::kTenant);
    f.environment.set("AZURE_CLIENT_ID", test::kClient);
    f.environment.set("AZURE_USERNAME", "user-marker");
    f.environment.set("AZURE_PASSWORD", "password-marker");
    const auto created = create_environment_credential({}, f.services());
    REQUIRE(created);
    const auto result = (*created)->get_token({{test::kVaultScope}}, Deadline::never());
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kCredentialUnavailable);
    CHECK(result.error().attempts.front().code == "retired_method");
    CHECK(result.error().message.find("AZURE_USERNAME is set") != std::string::npos);
    CHECK(result.error().message.find("marker") == std::string::npos);
  }

  TEST_CASE("I-26: a certificate that cannot be used fails the request by name, and does not look like a missing one") {
    CredentialFixture f(std::vector<test::FakeTransport::Reply>{});
    f.environment.set("AZURE_TENANT_ID", test::kTenant);
    f.environment.set("AZURE_CLIENT_ID", test::kClient);
    f.environment.set("AZURE_CLIENT_CERTIFICATE_PATH", "/nowhere.pem");
    f.environment.set("AZURE_CLIENT_CERTIFICATE_PASSWORD", "password-marker");
    const auto created = create_environment_credential({}, f.services());
    REQUIRE(created);
    const auto result = (*created)->get_token({{test::kVaultScope}}, Deadline::never());
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
    CHECK(result.error().attempts.front().code == "certificate_unusable");
    CHECK(result.error().message.find("/nowhere.pem") != std::string::npos);
    CHECK(result.error().message.find("marker") == std::string::npos);
  }

  TEST_CASE("I-26: a secret wins over a certificate") {
    CredentialFixture f({test::entra_token("token-1")});
    configure(f.environment);
    f.environment.set("AZURE_CLIENT_CERTIFICATE_PATH", "/nowhere.pem");
    const auto created = create_environment_credential({}, f.services());
    REQUIRE(created);
    CHECK((*created)->get_token({{test::kVaultScope}, "", ""}, Deadline::never()));
    CHECK(test::fields_of(f.http.requests().front().body).at("client_secret") == "secret-marker");
  }

  TEST_CASE("an environment that cannot be right is a wrong argument") {
    CredentialFixture f(std::vector<test::FakeTransport::Reply>{});
    configure(f.environment);
    f.environment.set("AZURE_TENANT_ID", "bad tenant");
    const auto created = create_environment_credential({}, f.services());
    REQUIRE(!created);
    CHECK(created.error().kind == ErrorKind::kInvalidArgument);
  }

  TEST_CASE("options take the place of variables") {
    CredentialFixture f({test::entra_token("token-1")});
    f.environment.set("AZURE_CLIENT_SECRET", "test-secret");
    const auto created =
        create_environment_credential({.tenant_id = test::kTenant, .client_id = test::kClient}, f.services());
    REQUIRE(created);
    CHECK((*created)->get_token({{test::kVaultScope}, "", ""}, Deadline::never()));
  }
}

}  // namespace azf::identity
