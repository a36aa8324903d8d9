#include "identity/azure_pipelines_credential.h"

#include "identity/credential_fixture.h"

#include <doctest/doctest.h>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;
using test::CredentialFixture;
using test::FakeTransport;

const std::string kUri = "https://dev.azure.example/org/project/_apis/distributedtask/hubs/build/plans/p/oidctoken";
const std::string kConnection = "77777777-7777-4777-8777-777777777777";

AzurePipelinesOptions options() {
  AzurePipelinesOptions options;
  options.tenant_id = test::kTenant;
  options.client_id = test::kClient;
  options.service_connection_id = kConnection;
  options.system_access_token = Secret("system-marker");
  return options;
}

std::unique_ptr<TokenCredential> create(CredentialFixture& f) {
  f.environment.set("SYSTEM_OIDCREQUESTURI", kUri);
  auto created = create_azure_pipelines_credential(options(), f.services());
  REQUIRE(created);
  return std::move(*created);
}

TokenResult get(TokenCredential& credential, Deadline deadline = Deadline::never()) {
  return credential.get_token({{test::kVaultScope}}, deadline);
}

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("I-25: the job's token gets one OIDC token, which is the client assertion") {
    CredentialFixture f({test::json_reply(200, R"({"oidcToken":"oidc-1"})"), test::entra_token("token-1")});
    const auto result = get(*create(f));
    REQUIRE(result);
    CHECK((*result)->credential == "AzurePipelinesCredential");
    CHECK((*result)->attempts.front().source ==
          "service connection " + kConnection + " of application " + test::kClient + " in tenant " + test::kTenant);
    REQUIRE(f.http.requests().size() == 2);
    const HttpRequest oidc = f.http.requests().front();
    CHECK(oidc.method == Method::kPost);
    CHECK(oidc.url == kUri + "?api-version=7.1&serviceConnectionId=" + kConnection);
    CHECK(oidc.body.empty());
    CHECK(oidc.headers.get("Authorization") == "Bearer system-marker");
    CHECK(oidc.headers.get("Content-Type") == "application/json");
    CHECK(oidc.headers.get("Content-Length") == "0");
    CHECK(oidc.headers.get("X-TFS-FedAuthRedirect") == "Suppress");
    CHECK(oidc.headers.get("client-request-id") == "00000000-0000-4000-8000-000000000001");
    CHECK(!f.http.options().front().allow_plain_http);
    CHECK(test::fields_of(f.http.requests().back().body).at("client_assertion") == "oidc-1");
  }

  TEST_CASE("I-3, I-25: a refusal is a failure with the ids of the service, and no redirect is followed") {
    for (const int status : {302, 203, 401, 403}) {
      CAPTURE(status);
      CredentialFixture f({HttpResponse{
          status,
          {{"Location", "https://elsewhere/_signin"}, {"x-vss-e2eid", "e2e-1"}, {"x-msedge-ref", "edge-1\x1b[31m"}},
          "<html>body-marker</html>"}});
      const auto result = get(*create(f));
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
      REQUIRE(result.error().attempts.size() == 1);
      CHECK(result.error().attempts.front().code == "pipeline_refused");
      CHECK(result.error().attempts.front().reason ==
            "the OIDC endpoint answered " + std::to_string(status) +
                "; check service connection id and pipeline configuration; x-vss-e2eid=e2e-1; "
                "x-msedge-ref=edge-1\\u001b[31m");
      CHECK(f.http.requests().size() == 1);
    }
  }

  TEST_CASE("a reply without an OIDC token is a failure that does not print it") {
    for (const std::string body :
         {"marker", R"({"token":"marker"})", R"({"oidcToken":""})", R"({"oidcToken":7})", ""}) {
      CAPTURE(body);
      CredentialFixture f({HttpResponse{200, {}, body}});
      const auto result = get(*create(f));
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
      CHECK(result.error().attempts.front().code == "pipeline_refused");
      CHECK(result.error().message.find("marker") == std::string::npos);
    }
  }

  TEST_CASE("an endpoint that gives no answer is a failure, or a time-out where the caller's time is up") {
    CredentialFixture f([](const HttpRequest&) { return Error{ErrorKind::kTransport, "proxy said system-marker"}; });
    const auto credential = create(f);
    const auto result = get(*credential);
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
    CHECK(result.error().message.find("marker") == std::string::npos);
    const auto before = f.http.requests().size();
    const auto late = get(*credential, Deadline::after(f.clock, 0s));
    REQUIRE(!late);
    CHECK(late.error().kind == ErrorKind::kTimeout);
    CHECK(f.http.requests().size() == before);
  }

  TEST_CASE("creation tells a wrong setting from a place that is no pipeline") {
    struct Row {
      std::string uri;
      void (*spoil)(AzurePipelinesOptions&);
      ErrorKind kind;
      std::string part;
    };
    const auto nothing = [](AzurePipelinesOptions&) {};
    const Row rows[] = {
        {"", nothing, ErrorKind::kCredentialUnavailable, "SYSTEM_OIDCREQUESTURI not set"},
        {"http://dev.azure.example/x", nothing, ErrorKind::kInvalidArgument, "https"},
        {"dev.azure.example", nothing, ErrorKind::kInvalidArgument, "SYSTEM_OIDCREQUESTURI"},
        {kUri, [](AzurePipelinesOptions& o) { o.tenant_id.clear(); }, ErrorKind::kInvalidArgument, "invalid tenant"},
        {kUri, [](AzurePipelinesOptions& o) { o.client_id.clear(); }, ErrorKind::kInvalidArgument, "client id"},
        {kUri, [](AzurePipelinesOptions& o) { o.service_connection_id.clear(); }, ErrorKind::kInvalidArgument,
         "service connection"},
        {kUri, [](AzurePipelinesOptions& o) { o.system_access_token = Secret(); }, ErrorKind::kInvalidArgument,
         "System.AccessToken"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.part);
      CredentialFixture f(std::vector<FakeTransport::Reply>{});
      f.environment.set("SYSTEM_OIDCREQUESTURI", row.uri);
      auto with = options();
      row.spoil(with);
      const auto created = create_azure_pipelines_credential(std::move(with), f.services());
      REQUIRE(!created);
      CHECK(created.error().kind == row.kind);
      CHECK(created.error().message.find(row.part) != std::string::npos);
    }
  }
}

}  // namespace azf::identity
