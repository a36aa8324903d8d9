#include "emulator/identity/managed_identity_endpoint.h"

#include "support/fake_clock.h"

#include <doctest/doctest.h>

#include <string>
#include <tuple>
#include <vector>

namespace azf::emulator {
namespace {

// Begins at 2026-01-02T03:04:05Z.
constexpr int kNow = 1767323045;
const std::string kVault = "https%3A%2F%2Fvault.azure.net%2F";

struct Fixture {
  test::FakeClock clock;
  SigningKey key;
  TokenIssuer issuer{"https://127.0.0.1:1", "tenant", key, clock};
  ManagedIdentityEndpoint endpoint{
      {{"system-client", "system-object", "/sites/app"}, {{"user-client", "user-object", "/identities/user"}}},
      Secret("header-secret"),
      issuer,
      clock};

  [[nodiscard]] Reply app_service(const std::string& query, const std::string& secret = "header-secret") const {
    return endpoint.app_service({"GET", "/msi/token?" + query, {{"X-IDENTITY-HEADER", secret}}, ""});
  }
  [[nodiscard]] Reply imds(const std::string& query) const {
    return endpoint.imds({"GET", "/metadata/identity/oauth2/token?" + query, {{"Metadata", "true"}}, ""});
  }
  [[nodiscard]] Json claims(const Json& reply) const {
    return key.verified_claims(reply["access_token"].get<std::string>());
  }
};

Json body(const Reply& reply) { return *parse_json(reply.body); }

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE_FIXTURE(Fixture, "gives a token as App Service does") {
  const Reply reply = app_service("api-version=2019-08-01&resource=" + kVault);
  CHECK(reply.status == 200);
  Json json = body(reply);
  const Json token = claims(json);
  json.erase("access_token");
  CHECK(json == Json{{"client_id", "system-client"},
                     {"expires_on", std::to_string(kNow + 86399)},
                     {"resource", "https://vault.azure.net/"},
                     {"token_type", "Bearer"}});
  CHECK(token["aud"] == "https://vault.azure.net/");
  CHECK(token["iss"] == "https://sts.windows.net/tenant/");
  CHECK(token["appid"] == "system-client");
  CHECK(token["oid"] == "system-object");
  CHECK(token["sub"] == "system-object");
  CHECK(token["tid"] == "tenant");
  CHECK(token["idtyp"] == "app");
  CHECK(token["ver"] == "1.0");
  CHECK(token["iat"] == kNow);
  CHECK(token["nbf"] == kNow);
  CHECK(token["exp"] == kNow + 86399);
  CHECK(token["xms_mirid"] == "/sites/app");
}

TEST_CASE_FIXTURE(Fixture, "wants the header secret of App Service") {
  CHECK(app_service("api-version=2019-08-01&resource=x", "wrong").status == 401);
  CHECK(endpoint.app_service({"GET", "/msi/token?api-version=2019-08-01&resource=x", {}, ""}).status == 401);
  CHECK(endpoint.app_service({"POST", "/msi/token", {}, ""}).status == 405);
}

TEST_CASE_FIXTURE(Fixture, "finds user-assigned identities by each of their names") {
  const std::string app_service_query = "api-version=2019-08-01&resource=x&";
  for (const char* parameter : {"client_id=USER-client", "object_id=user-object", "principal_id=user-object",
                                "mi_res_id=%2FIdentities%2Fuser"}) {
    CAPTURE(parameter);
    const Json json = body(app_service(app_service_query + parameter));
    CHECK(json["client_id"] == "user-client");
    CHECK(claims(json)["oid"] == "user-object");
  }
  for (const char* parameter : {"client_id=user-client", "object_id=user-object", "msi_res_id=/identities/user"}) {
    CAPTURE(parameter);
    CHECK(body(imds("api-version=2018-02-01&resource=x&" + std::string(parameter)))["client_id"] == "user-client");
  }
}

TEST_CASE_FIXTURE(Fixture, "refuses as App Service does") {
  for (const char* query : {"resource=x", "api-version=2017-09-01&resource=x", "api-version=2019-08-01",
                            "api-version=2019-08-01&resource=x&client_id=nobody",
                            "api-version=2019-08-01&resource=x&client_id=user-client&object_id=user-object"}) {
    CAPTURE(query);
    const Reply reply = app_service(query);
    CHECK(reply.status == 400);
    CHECK(body(reply)["statusCode"] == 400);
  }
}

TEST_CASE_FIXTURE(Fixture, "gives a token as IMDS does, numbers as strings") {
  const Reply reply = imds("api-version=2018-02-01&resource=https://management.azure.com");
  CHECK(reply.status == 200);
  Json json = body(reply);
  CHECK(claims(json)["aud"] == "https://management.azure.com");
  json.erase("access_token");
  CHECK(json == Json{{"client_id", "system-client"},
                     {"expires_in", "86399"},
                     {"expires_on", std::to_string(kNow + 86399)},
                     {"ext_expires_in", "86399"},
                     {"not_before", std::to_string(kNow)},
                     {"resource", "https://management.azure.com"},
                     {"token_type", "Bearer"}});
}

TEST_CASE_FIXTURE(Fixture, "refuses as IMDS does") {
  const std::vector<std::tuple<std::string, Headers, std::string>> rows = {
      {"api-version=2018-02-01&resource=x", {}, "Required metadata header not specified"},
      {"resource=x", {{"Metadata", "true"}}, "Required query variable 'api-version' is missing"},
      {"api-version=2018-02-01", {{"Metadata", "True"}}, "Required query variable 'resource' is missing"},
      {"api-version=2018-02-01&resource=x&client_id=nobody", {{"Metadata", "true"}}, "Identity not found"},
  };
  for (const auto& row : rows) {
    CAPTURE(std::get<0>(row));
    const auto& [query, headers, description] = row;
    const Reply reply = endpoint.imds({"GET", "/metadata/identity/oauth2/token?" + query, headers, ""});
    CHECK(reply.status == 400);
    CHECK(body(reply) == Json{{"error", "invalid_request"}, {"error_description", description}});
  }
}

TEST_SUITE_END();

}  // namespace azf::emulator
