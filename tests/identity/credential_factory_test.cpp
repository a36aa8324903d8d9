#include "identity/credential_factory.h"

#include "identity/credential_fixture.h"

#include <doctest/doctest.h>

namespace azf::identity {
namespace {

using test::CredentialFixture;

const CredentialOptions kNoOptions;

TokenResult get(TokenCredential& credential) {
  return credential.get_token({{test::kVaultScope}, "", ""}, Deadline::never());
}

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("every listed name makes the credential of that name, in any letter case") {
    CredentialFixture f(std::vector<test::FakeTransport::Reply>{});
    f.environment.set("AZURE_TENANT_ID", test::kTenant);
    f.environment.set("AZURE_CLIENT_ID", test::kClient);
    f.environment.set("AZURE_CLIENT_SECRET", "test-secret");
    f.environment.set("AZURE_FEDERATED_TOKEN_FILE", "/somewhere");
    f.environment.set("AZURE_CLIENT_CERTIFICATE_PATH", "/somewhere");
    CHECK(known_credentials().front().name == "DefaultAzureCredential");
    CHECK(known_credentials().size() == 14);
    for (const auto& [name, settings] : known_credentials()) {
      if (name == "ClientCertificateCredential") continue;  // refuses a file that is not there
      CHECK(!settings.empty());
      CAPTURE(name);
      std::string upper(name);
      for (char& c : upper) c = static_cast<char>(std::toupper(c));
      for (const std::string& spelling : {std::string(name), upper}) {
        const auto created = create_credential(spelling, kNoOptions, f.services());
        REQUIRE(created);
        CHECK((*created)->name() == name);
      }
    }
  }

  TEST_CASE("an unknown name is refused with the known ones") {
    CredentialFixture f(std::vector<test::FakeTransport::Reply>{});
    const auto created = create_credential("NoSuch", kNoOptions, f.services());
    REQUIRE(!created);
    CHECK(created.error().kind == ErrorKind::kInvalidArgument);
    CHECK(created.error().message ==
          "unknown credential NoSuch; known are DefaultAzureCredential, EnvironmentCredential, "
          "WorkloadIdentityCredential, ManagedIdentityCredential, ClientSecretCredential, ClientCertificateCredential, "
          "ClientAssertionCredential, AzurePipelinesCredential, OnBehalfOfCredential, DeviceCodeCredential, "
          "AzureCliCredential, AzurePowerShellCredential, AzureDeveloperCliCredential, DeveloperToolsCredential");
  }

  TEST_CASE("a credential that is not configured says so as its one attempt") {
    for (const std::string name : {"EnvironmentCredential", "WorkloadIdentityCredential", "ClientSecretCredential",
                                   "ClientCertificateCredential", "ClientAssertionCredential",
                                   "AzurePipelinesCredential", "OnBehalfOfCredential"}) {
      CredentialFixture f(std::vector<test::FakeTransport::Reply>{});
      const auto created = create_credential(name, kNoOptions, f.services());
      REQUIRE(created);
      const auto result = get(**created);
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kCredentialUnavailable);
      REQUIRE(result.error().attempts.size() == 1);
      CHECK(result.error().attempts.front().credential == name);
      CHECK(result.error().attempts.front().reason.find("not configured") == 0);
    }
  }

  TEST_CASE("options that cannot be right are refused under the credential's name") {
    struct Row {
      std::string name;
      CredentialOptions options;
      std::string message;
    };
    const Row rows[] = {
        {"environmentcredential", {.object_id = "o"}, "EnvironmentCredential: object id and resource id are for"},
        {"WorkloadIdentityCredential", {.resource_id = "r"}, "WorkloadIdentityCredential: object id and"},
        {"ManagedIdentityCredential", {.client_id = "c", .object_id = "o"}, "ManagedIdentityCredential: only one of"},
        {"AzurePowerShellCredential", {.subscription = "s"}, "AzurePowerShellCredential: a subscription is for"},
        {"AzureCliCredential", {.excluded_credentials = {"x"}}, "AzureCliCredential: exclusions are for"},
        {"DefaultAzureCredential", {.excluded_credentials = {"x"}}, "DefaultAzureCredential: cannot exclude x"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.message);
      CredentialFixture f(std::vector<test::FakeTransport::Reply>{});
      const auto created = create_credential(row.name, row.options, f.services());
      REQUIRE(!created);
      CHECK(created.error().kind == ErrorKind::kInvalidArgument);
      CHECK(created.error().message.starts_with(row.message));
    }
  }

  TEST_CASE("options reach the request, and tokens are cached") {
    CredentialFixture f({test::entra_token("token-1")});
    f.environment.set("AZURE_CLIENT_SECRET", "test-secret");
    const auto created = create_credential("ClientSecretCredential",
                                           {.tenant_id = "contoso.com", .client_id = "client-option"}, f.services());
    REQUIRE(created);
    REQUIRE(get(**created));
    REQUIRE(get(**created));
    REQUIRE(f.http.requests().size() == 1);
    CHECK(f.http.requests().front().url == "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token");
    CHECK(test::fields_of(f.http.requests().front().body).at("client_id") == "client-option");
  }

  TEST_CASE("the pin holds for every credential by name") {
    for (const std::string name : {"ClientSecretCredential", "DefaultAzureCredential"}) {
      CredentialFixture f({test::entra_token("not a JWT")});
      f.environment.set("AZURE_TENANT_ID", test::kTenant);
      f.environment.set("AZURE_CLIENT_ID", test::kClient);
      f.environment.set("AZURE_CLIENT_SECRET", "test-secret");
      f.environment.set("AZF_IDENTITY_PIN", test::kTenant + "/" + test::kClient);
      const auto created = create_credential(name, kNoOptions, f.services());
      REQUIRE(created);
      const auto result = get(**created);
      REQUIRE(!result);
      CHECK(result.error().attempts.back().code == "identity_pinned");
    }
  }

  TEST_CASE("a device code needs somebody to show it to") {
    CredentialFixture f(std::vector<test::FakeTransport::Reply>{});
    const auto hidden = create_credential("DeviceCodeCredential", kNoOptions, f.services());
    REQUIRE(hidden);
    const auto result = get(**hidden);
    REQUIRE(!result);
    CHECK(result.error().message.find("no terminal") != std::string::npos);
  }
}

}  // namespace azf::identity
