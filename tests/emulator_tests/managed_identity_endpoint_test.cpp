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
      {"user-object", "user@example.com", "A User"},
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
  for (const char* query : {"resource=x", "api-version=2018-01-01&resource=x", "api-version=2019-08-01",
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

TEST_CASE_FIXTURE(Fixture, "gives a token as the first version of App Service does") {
  const auto ask = [&](const std::string& query, const char* header = "secret") {
    return endpoint.app_service({"GET", "/msi/token?api-version=2017-09-01" + query, {{header, "header-secret"}}, ""});
  };
  const Json json = body(ask("&resource=x"));
  CHECK(json["client_id"] == "system-client");
  CHECK(json["expires_on"] == "01/03/2026 03:04:04 +00:00");
  CHECK(body(ask("&resource=x&clientid=user-client"))["client_id"] == "user-client");
  CHECK(ask("&resource=x", "X-IDENTITY-HEADER").status == 401);
  CHECK(ask("&resource=x&clientid=nobody").status == 400);
  CHECK(ask("&resource=x&client_id=user-client").status == 400);
  CHECK(ask("").status == 400);
}

TEST_CASE_FIXTURE(Fixture, "gives a token as Azure Machine Learning does") {
  const auto ask = [&](const std::string& query, const char* secret = "header-secret") {
    return endpoint.azure_ml({"GET", "/msi/auth?" + query, {{"Secret", secret}}, ""});
  };
  const Json json = body(ask("api-version=2017-09-01&resource=x&clientid=user-client"));
  CHECK(json["client_id"] == "user-client");
  CHECK(json["expires_on"] == std::to_string(kNow + 86399));
  CHECK(ask("api-version=2017-09-01&resource=x&clientid=user-client", "wrong").status == 401);
  CHECK(ask("api-version=2019-08-01&resource=x&clientid=user-client").status == 400);
  CHECK(ask("api-version=2017-09-01&resource=x").status == 400);
  CHECK(ask("api-version=2017-09-01&resource=x&clientid=user-client&object_id=o").status == 400);
}

TEST_CASE_FIXTURE(Fixture, "gives the person's token as Cloud Shell does") {
  const auto ask = [&](const std::string& form, const Headers& headers) {
    return endpoint.cloud_shell({"POST", "/oauth2/token", headers, form});
  };
  const Headers headers = {{"Metadata", "true"}, {"Content-Type", "application/x-www-form-urlencoded"}};
  const Json json = body(ask("resource=" + kVault, headers));
  CHECK(claims(json)["upn"] == "user@example.com");
  CHECK(claims(json)["aud"] == "https://vault.azure.net/");
  CHECK(json["expires_on"] == std::to_string(kNow + 3599));
  CHECK(ask("resource=x", {headers[1]}).status == 400);
  CHECK(ask("resource=x", {headers[0]}).status == 400);
  CHECK(ask("resource=x&client_id=user-client", headers).status == 400);
  CHECK(ask("", headers).status == 400);
  CHECK(endpoint.cloud_shell({"GET", "/oauth2/token?resource=x", headers, ""}).status == 405);
}

TEST_CASE_FIXTURE(Fixture, "gives a token as Service Fabric does, and words refusals so") {
  const auto ask = [&](const std::string& query, const Headers& headers) {
    return endpoint.service_fabric({"GET", "/metadata/identity/oauth2/token?" + query, headers, ""});
  };
  const Headers headers = {{"Secret", "header-secret"}};
  const std::string good = "api-version=2019-07-01-preview&resource=x";
  Json json = body(ask(good, headers));
  CHECK(claims(json)["oid"] == "system-object");
  CHECK(json["expires_on"] == kNow + 86399);
  const auto code = [&](const std::string& query, const Headers& given) {
    return body(ask(query, given))["error"]["code"].get<std::string>();
  };
  CHECK(code(good, {}) == "SecretHeaderNotFound");
  CHECK(code(good, {{"Secret", "wrong"}}) == "ManagedIdentityNotFound");
  CHECK(code("api-version=1&resource=x", headers) == "InvalidApiVersion");
  CHECK(code("api-version=2020-05-01", headers) == "ArgumentNullOrEmpty");
  CHECK(code(good + "&client_id=user-client", headers) == "InvalidArgument");
}

TEST_SUITE_END();

}  // namespace azf::emulator
