#include "emulator/identity/entra_endpoint.h"

#include "support/fake_clock.h"

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <tuple>
#include <vector>

namespace azf::emulator {
namespace {

using Fields = std::map<std::string, std::string>;

constexpr const char* kJwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

struct Fixture {
  test::FakeClock clock;
  SigningKey key;
  TokenIssuer issuer{"https://127.0.0.1:1", "tenant", key, clock};
  EntraEndpoint entra{"https://127.0.0.1:1",
                      {{"app-client", "app-object", ""}, Secret("right"), {"issuer", "subject", "audience"}},
                      issuer,
                      clock};

  [[nodiscard]] Reply post(const Fields& form, const std::string& tenant = "tenant") const {
    std::string body;
    for (const auto& [name, value] : form) body += (body.empty() ? "" : "&") + name + "=" + percent_encoded(value);
    return entra.handle({"POST",
                         "/" + tenant + "/oauth2/v2.0/token",
                         {{"Content-Type", "application/x-www-form-urlencoded"}, {"client-request-id", "correlation"}},
                         body});
  }
  [[nodiscard]] Json get(const std::string& target) const {
    return *parse_json(entra.handle({"GET", target, {}, ""}).body);
  }

  static Fields secret_form() {
    return {{"grant_type", "client_credentials"},
            {"client_id", "app-client"},
            {"client_secret", "right"},
            {"scope", "https://vault.azure.net/.default"}};
  }
  static Fields assertion_form(const std::string& assertion) {
    Fields form = secret_form();
    form.erase("client_secret");
    form["client_assertion_type"] = kJwtBearer;
    form["client_assertion"] = assertion;
    return form;
  }
  // A federated token that differs in some claims.
  [[nodiscard]] std::string federated(const Json& patch) const {
    Json claims = key.verified_claims(entra.federated_token());
    claims.merge_patch(patch);
    return key.signed_jwt(claims);
  }
};

Json body(const Reply& reply) { return *parse_json(reply.body); }

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE_FIXTURE(Fixture, "gives a token for a client secret") {
  const Reply reply = post(secret_form());
  CHECK(reply.status == 200);
  Json json = body(reply);
  const Json claims = key.verified_claims(json["access_token"].get<std::string>());
  json.erase("access_token");
  CHECK(json == Json{{"token_type", "Bearer"}, {"expires_in", 3599}, {"ext_expires_in", 3599}});
  CHECK(claims["aud"] == "https://vault.azure.net");
  CHECK(claims["appid"] == "app-client");
  CHECK(claims["appidacr"] == "1");
  CHECK(claims["oid"] == "app-object");
}

TEST_CASE_FIXTURE(Fixture, "keeps a slash before the suffix, and makes a version 2.0 token for a client id") {
  Fields form = secret_form();
  form["scope"] = "https://vault.azure.net//.default openid offline_access profile";
  CHECK(key.verified_claims(body(post(form))["access_token"].get<std::string>())["aud"] == "https://vault.azure.net/");
  form["scope"] = "0f3dccc3-5430-4b5c-8398-40966eecb85b/.default";
  const Json claims = key.verified_claims(body(post(form))["access_token"].get<std::string>());
  CHECK(claims["ver"] == "2.0");
  CHECK(claims["iss"] == "https://127.0.0.1:1/tenant/v2.0");
  CHECK(claims["azp"] == "app-client");
}

TEST_CASE_FIXTURE(Fixture, "gives a token for a federated assertion") {
  const Json json = body(post(assertion_form(entra.federated_token())));
  CHECK(key.verified_claims(json["access_token"].get<std::string>())["appidacr"] == "2");
}

TEST_CASE_FIXTURE(Fixture, "words refusals as Entra does") {
  const auto without = [](const char* name) {
    Fields form = secret_form();
    form.erase(name);
    return form;
  };
  const auto with = [](const char* name, const char* value) {
    Fields form = secret_form();
    form[name] = value;
    return form;
  };
  const SigningKey stranger;
  const std::vector<std::tuple<Fields, std::string, int, std::string, int>> rows = {
      {secret_form(), "nowhere", 400, "invalid_request", 90002},
      {without("grant_type"), "tenant", 400, "invalid_request", 900144},
      {without("client_id"), "tenant", 400, "invalid_request", 900144},
      {without("scope"), "tenant", 400, "invalid_request", 900144},
      {without("client_secret"), "tenant", 401, "invalid_client", 7000216},
      {with("grant_type", "password"), "tenant", 400, "unsupported_grant_type", 70003},
      {with("client_id", "nobody"), "tenant", 400, "unauthorized_client", 700016},
      {with("client_secret", "wrong"), "tenant", 401, "invalid_client", 7000215},
      {with("scope", "https://vault.azure.net/read"), "tenant", 400, "invalid_scope", 1002012},
      {with("scope", "a/.default b/.default"), "tenant", 400, "invalid_scope", 70011},
      {assertion_form("not a token"), "tenant", 401, "invalid_client", 700027},
      {assertion_form(stranger.signed_jwt({{"iss", "issuer"}})), "tenant", 401, "invalid_client", 700027},
      {assertion_form(federated({{"iss", "x"}})), "tenant", 401, "invalid_client", 700211},
      {assertion_form(federated({{"aud", "x"}})), "tenant", 401, "invalid_client", 700212},
      {assertion_form(federated({{"sub", "x"}})), "tenant", 401, "invalid_client", 700213},
      {assertion_form(federated({{"exp", 1}})), "tenant", 401, "invalid_client", 700024},
      {assertion_form(federated({{"nbf", 4000000000}})), "tenant", 401, "invalid_client", 700024},
  };
  for (const auto& row : rows) {
    CAPTURE(std::get<4>(row));
    const auto& [form, tenant, status, error, code] = row;
    const Reply reply = post(form, tenant);
    CHECK(reply.status == status);
    const Json json = body(reply);
    CHECK(json["error"] == error);
    CHECK(json["error_codes"] == Json::array({code}));
    const std::string description = json["error_description"];
    CHECK(description.starts_with("AADSTS" + std::to_string(code) + ": "));
    CHECK(description.ends_with(" Correlation ID: correlation Timestamp: 2026-01-02 03:04:05Z"));
    CHECK(json["correlation_id"] == "correlation");
    CHECK(json["timestamp"] == "2026-01-02 03:04:05Z");
    CHECK(reply.body.find("wrong") == std::string::npos);
  }
}

TEST_CASE_FIXTURE(Fixture, "publishes its configuration and keys") {
  const Json v2 = get("/tenant/v2.0/.well-known/openid-configuration");
  CHECK(v2["issuer"] == "https://127.0.0.1:1/tenant/v2.0");
  CHECK(v2["token_endpoint"] == "https://127.0.0.1:1/tenant/oauth2/v2.0/token");
  CHECK(v2["jwks_uri"] == "https://127.0.0.1:1/tenant/discovery/v2.0/keys");
  CHECK(v2["id_token_signing_alg_values_supported"] == Json::array({"RS256"}));
  CHECK(get("/tenant/.well-known/openid-configuration")["issuer"] == "https://sts.windows.net/tenant/");
  CHECK(get("/common/v2.0/.well-known/openid-configuration")["issuer"] == "https://127.0.0.1:1/{tenantid}/v2.0");
  CHECK(get("/nowhere/v2.0/.well-known/openid-configuration")["error_codes"] == Json::array({90002}));
  const Json keys = get("/tenant/discovery/v2.0/keys")["keys"];
  REQUIRE(keys.size() == 1);
  CHECK(keys[0]["kid"] == key.id());
}

TEST_CASE_FIXTURE(Fixture, "vouches for itself in instance discovery") {
  const Json json =
      get("/common/discovery/instance?api-version=1.1&authorization_endpoint="
          "https%3A%2F%2F127.0.0.1%3A1%2Fcontoso%2Foauth2%2Fv2.0%2Fauthorize");
  CHECK(json["tenant_discovery_endpoint"] == "https://127.0.0.1:1/contoso/v2.0/.well-known/openid-configuration");
  CHECK(json["metadata"][0]["aliases"] == Json::array({"127.0.0.1:1"}));
}

TEST_SUITE_END();

}  // namespace azf::emulator
