#include "identity/workload_identity_credential.h"

#include "identity/credential_fixture.h"
#include "support/temporary_directory.h"

#include <doctest/doctest.h>

namespace azf::identity {
namespace {

using test::CredentialFixture;

struct WorkloadFixture : CredentialFixture {
  explicit WorkloadFixture(std::vector<test::FakeTransport::Reply> replies) : CredentialFixture(std::move(replies)) {
    environment.set("AZURE_TENANT_ID", test::kTenant);
    environment.set("AZURE_CLIENT_ID", test::kClient);
    environment.set("AZURE_FEDERATED_TOKEN_FILE", directory.path() + "/sa-token");
  }
  std::unique_ptr<TokenCredential> create(WorkloadIdentityOptions options = {}) {
    auto created = create_workload_identity_credential(std::move(options), services());
    REQUIRE(created);
    return std::move(*created);
  }
  std::string sent_assertion(std::size_t request) {
    return test::fields_of(http.requests().at(request).body).at("client_assertion");
  }

  test::TemporaryDirectory directory;
};

TokenResult get(TokenCredential& credential) {
  return credential.get_token({{test::kVaultScope}, "", ""}, Deadline::never());
}

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("I-24: the federated token is read for each request, and sent without the white space around it") {
    WorkloadFixture f({test::entra_token("token-1"), test::entra_token("token-2")});
    f.directory.write("sa-token", "federated-1\n");
    const auto credential = f.create();
    const auto first = get(*credential);
    REQUIRE(first);
    CHECK((*first)->credential == "WorkloadIdentityCredential");
    CHECK((*first)->attempts.front().source == "federated token in " + f.directory.path() +
                                                   "/sa-token of application " + test::kClient + " in tenant " +
                                                   test::kTenant);
    f.directory.write("sa-token", "  federated-2 \r\n");
    REQUIRE(get(*credential));
    CHECK(f.sent_assertion(0) == "federated-1");
    CHECK(f.sent_assertion(1) == "federated-2");
    CHECK(test::fields_of(f.http.requests().front().body).at("client_assertion_type") ==
          "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  }

  TEST_CASE("I-24: a missing variable is unavailable by name") {
    for (const std::string variable : {"AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"}) {
      CAPTURE(variable);
      WorkloadFixture f({});
      f.environment.set(variable, "");
      const auto created = create_workload_identity_credential({}, f.services());
      REQUIRE(!created);
      CHECK(created.error().kind == ErrorKind::kCredentialUnavailable);
      CHECK(created.error().message.find("not configured: " + std::string(variable) + " not set") == 0);
    }
  }

  TEST_CASE("I-24: a file that is missing, empty or too large is unavailable by name, and nothing is sent") {
    WorkloadFixture f({});
    const auto credential = f.create();
    for (const auto& content : {std::optional<std::string>(), std::optional<std::string>(" \n"),
                                std::optional<std::string>(std::string((std::size_t{1} << 20) + 1, 'x'))}) {
      if (content) f.directory.write("sa-token", *content);
      const auto result = get(*credential);
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kCredentialUnavailable);
      CHECK(result.error().message.find(f.directory.path() + "/sa-token") != std::string::npos);
      REQUIRE(result.error().attempts.size() == 1);
      CHECK(result.error().attempts.front().code == "token_file_unusable");
    }
    CHECK(f.http.requests().empty());
  }

  TEST_CASE("where AKS names a token proxy the request goes there, with that one's certificates") {
    WorkloadFixture f({test::entra_token("token-1"), test::entra_token("token-2")});
    f.directory.write("sa-token", "federated-1");
    f.environment.set("AZURE_KUBERNETES_TOKEN_PROXY", "https://proxy.cluster.local:6443/base/");
    f.environment.set("AZURE_KUBERNETES_SNI_NAME", "proxy.sni");
    f.environment.set("AZURE_KUBERNETES_CA_FILE", f.directory.write("ca.pem", "pem-1\n"));
    const auto credential = f.create();
    REQUIRE(get(*credential));
    f.directory.write("ca.pem", "pem-2");
    REQUIRE(get(*credential));
    CHECK(f.http.requests().front().url ==
          "https://proxy.cluster.local:6443/base/" + test::kTenant + "/oauth2/v2.0/token");
    CHECK(f.sent_assertion(0) == "federated-1");
    CHECK(f.http.options().at(0).tls_server_name == "proxy.sni");
    CHECK(f.http.options().at(0).ca_certificates == "pem-1");
    CHECK(f.http.options().at(1).ca_certificates == "pem-2");

    f.directory.write("ca.pem", "");
    const auto result = get(*credential);
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
    CHECK(result.error().message.find(f.directory.path() + "/ca.pem is empty") != std::string::npos);
    CHECK(f.http.requests().size() == 2);
  }

  TEST_CASE("a token proxy is trusted by certificates in a variable, or by those of the system") {
    for (const std::string certificates : {"", "pem-1"}) {
      CAPTURE(certificates);
      WorkloadFixture f({test::entra_token("token-1")});
      f.directory.write("sa-token", "federated-1");
      f.environment.set("AZURE_KUBERNETES_TOKEN_PROXY", "https://proxy.cluster.local");
      f.environment.set("AZURE_KUBERNETES_CA_DATA", certificates);
      REQUIRE(get(*f.create()));
      CHECK(f.http.requests().front().url == "https://proxy.cluster.local/" + test::kTenant + "/oauth2/v2.0/token");
      CHECK(f.http.options().front().ca_certificates == certificates);
      CHECK(f.http.options().front().tls_server_name.empty());
    }
  }

  TEST_CASE("settings of the token proxy that cannot be right fail creation by name") {
    struct Row {
      std::map<std::string, std::string> variables;
      std::string part;
    };
    const std::string url = "AZURE_KUBERNETES_TOKEN_PROXY";
    const Row rows[] = {
        {{{url, "http://proxy"}}, "https URL without a query"},
        {{{url, "https://proxy?"}}, "https URL without a query"},
        {{{url, "https://proxy?a=b"}}, "https URL without a query"},
        {{{url, "https://proxy#a"}}, "fragment"},
        {{{url, "https://user@proxy"}}, "user information"},
        {{{url, "proxy"}}, url},
        {{{"AZURE_KUBERNETES_SNI_NAME", "x"}}, "AZURE_KUBERNETES_SNI_NAME is set without " + url},
        {{{"AZURE_KUBERNETES_CA_FILE", "x"}}, "AZURE_KUBERNETES_CA_FILE is set without " + url},
        {{{"AZURE_KUBERNETES_CA_DATA", "x"}}, "AZURE_KUBERNETES_CA_DATA is set without " + url},
        {{{url, "https://proxy"}, {"AZURE_KUBERNETES_CA_FILE", "x"}, {"AZURE_KUBERNETES_CA_DATA", "x"}}, "both set"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.part);
      WorkloadFixture f({});
      for (const auto& [name, value] : row.variables) f.environment.set(name, value);
      const auto created = create_workload_identity_credential({}, f.services());
      REQUIRE(!created);
      CHECK(created.error().kind == ErrorKind::kInvalidArgument);
      CHECK(created.error().message.find(row.part) != std::string::npos);
    }
  }

  TEST_CASE("options take the place of variables") {
    WorkloadFixture f({test::entra_token("token-1")});
    WorkloadIdentityOptions options;
    options.tenant_id = "contoso.com";
    options.client_id = "client-option";
    options.token_file_path = f.directory.write("other-token", "federated-option");
    REQUIRE(get(*f.create(options)));
    CHECK(f.http.requests().front().url == "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token");
    CHECK(test::fields_of(f.http.requests().front().body).at("client_id") == "client-option");
    CHECK(f.sent_assertion(0) == "federated-option");
  }

  TEST_CASE("a rejected federated token is a failure with advice") {
    WorkloadFixture f({test::entra_refusal(401, 700213, "invalid_client")});
    f.directory.write("sa-token", "federated-1");
    const auto result = get(*f.create());
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
    CHECK(result.error().message.find("AADSTS700213") != std::string::npos);
    CHECK(result.error().attempts.front().code == "AADSTS700213");
    CHECK(result.error().attempts.front().next_step ==
          "compare the token's sub with the application's federated credentials");
  }
}

}  // namespace azf::identity
