#include "emulator/identity/entra_endpoint.h"

#include "emulator/identity/json_web_token.h"
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
  EntraEndpoint entra{"https://127.0.0.1:1",   application(), {"user-object", "user@example.com", "A User"},
                      std::chrono::seconds(5), issuer,        clock};

  static AppRegistration application() {
    return {{"app-client", "app-object", ""},
            Secret("right"),
            {{"https://issuer", "subject", "audience"}, {"https://other", "other-subject", "audience"}},
            std::make_unique<const ClientCertificate>()};
  }

  [[nodiscard]] Reply post(const Fields& form, const std::string& tenant = "tenant",
                           const std::string& what = "token") {
    std::string body;
    for (const auto& [name, value] : form) body += (body.empty() ? "" : "&") + name + "=" + percent_encoded(value);
    return entra.handle({"POST",
                         "/" + tenant + "/oauth2/v2.0/" + what,
                         {{"Host", "127.0.0.1:1"},
                          {"Content-Type", "application/x-www-form-urlencoded"},
                          {"client-request-id", "correlation"}},
                         body});
  }
  [[nodiscard]] Json get(const std::string& target) { return *parse_json(entra.handle({"GET", target, {}, ""}).body); }

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
    Json claims = key.verified_claims(entra.federated_token(entra.application().federations.front()));
    claims.merge_patch(patch);
    return key.signed_jwt(claims);
  }
};

Json body(const Reply& reply) { return *parse_json(reply.body); }

// A client assertion as the application makes it, changed by a test.
struct Assertion {
  explicit Assertion(const EntraEndpoint& endpoint)
      : certificate(*endpoint.application().certificate),
        header{{"alg", "PS256"}, {"typ", "JWT"}, {"x5t#S256", certificate.sha256_base64url()}},
        claims{{"aud", "https://127.0.0.1:1/tenant/oauth2/v2.0/token"},
               {"iss", "app-client"},
               {"sub", "app-client"},
               {"jti", "unique"},
               {"nbf", kNow},
               {"exp", kNow + 600}} {}

  [[nodiscard]] std::string text() const {
    const std::string content = to_base64url(to_text(header)) + "." + to_base64url(to_text(claims));
    return content + "." + to_base64url(certificate.sign(text_claim(header, "alg"), content));
  }

  // Begins at 2026-01-02T03:04:05Z.
  static constexpr int kNow = 1767323045;
  const ClientCertificate& certificate;
  Json header;
  Json claims;
};

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
  const Json json = body(post(assertion_form(federated(Json::object()))));
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
      {assertion_form("not a token"), "tenant", 400, "invalid_request", 50027},
      {with("claims", "not JSON"), "tenant", 400, "invalid_request", 9002313},
      {assertion_form(stranger.signed_jwt({{"iss", "https://issuer"}})), "tenant", 401, "invalid_client", 700027},
      {assertion_form(federated({{"iss", "https://x"}})), "tenant", 401, "invalid_client", 700211},
      {assertion_form(federated({{"iss", "https://other"}})), "tenant", 401, "invalid_client", 700213},
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

TEST_CASE_FIXTURE(Fixture, "gives a token for an assertion signed with the certificate") {
  Assertion assertion(entra);
  SUBCASE("PS256 and SHA-256") {}
  SUBCASE("RS256 and SHA-1") {
    assertion.header = {{"alg", "RS256"}, {"typ", "JWT"}, {"x5t", assertion.certificate.sha1_base64url()}};
  }
  SUBCASE("with the certificate") { assertion.header["x5c"] = Json::array({to_base64(assertion.certificate.der())}); }
  SUBCASE("with the whole chain") {
    assertion.header["x5c"] = {to_base64(assertion.certificate.der()), to_base64(assertion.certificate.issuer_der())};
  }
  const Json json = body(post(assertion_form(assertion.text())));
  REQUIRE(json.contains("access_token"));
  CHECK(key.verified_claims(json["access_token"].get<std::string>())["appidacr"] == "2");
}

TEST_CASE_FIXTURE(Fixture, "refuses an assertion that the certificate does not cover") {
  Assertion assertion(entra);
  std::string text;
  int code = 0;
  SUBCASE("another certificate") {
    assertion.header["x5t#S256"] = to_base64url(std::string(32, 'x'));
    code = 700027;
  }
  SUBCASE("no certificate named") {
    assertion.header.erase("x5t#S256");
    code = 700027;
  }
  SUBCASE("one thumbprint right, the other one not") {
    assertion.header["x5t"] = "x";
    code = 700027;
  }
  SUBCASE("another signature") {
    text = assertion.text();
    text[text.rfind('.') + 9] = text[text.rfind('.') + 9] == 'A' ? 'B' : 'A';
    code = 700027;
  }
  SUBCASE("another padding than it says") {
    const std::string right = assertion.text();
    assertion.header["alg"] = "RS256";
    const std::string content = to_base64url(to_text(assertion.header)) + "." + to_base64url(to_text(assertion.claims));
    text = content + "." + to_base64url(assertion.certificate.sign("PS256", content));
    code = 700027;
  }
  SUBCASE("another issuer") {
    assertion.claims["iss"] = "other";
    code = 700021;
  }
  SUBCASE("another subject") {
    assertion.claims["sub"] = "other";
    code = 700021;
  }
  SUBCASE("the audience of another tenant") {
    assertion.claims["aud"] = "https://127.0.0.1:1/other/oauth2/v2.0/token";
    code = 700023;
  }
  SUBCASE("no id") {
    assertion.claims.erase("jti");
    code = 50027;
  }
  SUBCASE("over") {
    assertion.claims["exp"] = Assertion::kNow - 301;
    code = 700024;
  }
  SUBCASE("not yet") {
    assertion.claims["nbf"] = Assertion::kNow + 301;
    code = 700024;
  }
  SUBCASE("the issuer's certificate first") {
    assertion.header["x5c"] = {to_base64(assertion.certificate.issuer_der()), to_base64(assertion.certificate.der())};
    code = 700030;
  }
  SUBCASE("text in place of DER") {
    assertion.header["x5c"] = Json::array({to_base64(assertion.certificate.pem())});
    code = 700030;
  }
  CHECK(body(post(assertion_form(text.empty() ? assertion.text() : text)))["error_codes"] == Json::array({code}));
}

TEST_CASE_FIXTURE(Fixture, "gives clients that handle challenges a longer token") {
  Fields form = secret_form();
  form["claims"] = R"({"access_token":{"xms_cc":{"values":["CP1"]}}})";
  const Json json = body(post(form));
  CHECK(json["expires_in"] == 86399);
  CHECK(json["refresh_in"] == 43199);
  form["claims"] = R"({"access_token":{"nbf":{"essential":true,"value":"1"}}})";
  CHECK_FALSE(body(post(form)).contains("refresh_in"));
}

TEST_CASE_FIXTURE(Fixture, "gives a token on behalf of a user") {
  Fields form = secret_form();
  form["grant_type"] = "urn:ietf:params:oauth:grant-type:jwt-bearer";
  form["requested_token_use"] = "on_behalf_of";
  form["scope"] = "https://vault.azure.net/.default openid offline_access profile";
  form["assertion"] = body(*entra.control({"POST", "/emulator/user-token", {}, ""}))["access_token"];
  const auto code_without = [&](Fields changed, const std::string& name, const std::string& value) {
    changed[name] = value;
    return body(post(changed))["error_codes"][0];
  };

  const Json json = body(post(form));
  const Json claims = key.verified_claims(json["access_token"].get<std::string>());
  CHECK(claims["aud"] == "https://vault.azure.net");
  CHECK(claims["oid"] == "user-object");
  CHECK(claims["upn"] == "user@example.com");
  CHECK(claims["scp"] == "user_impersonation");
  CHECK(claims["appid"] == "app-client");
  CHECK(claims["appidacr"] == "1");
  CHECK(json.contains("refresh_token"));
  CHECK(json.contains("id_token"));

  const std::string app_token = issuer.issue({"c", "o", ""}, "app-client", ClientProof::kSecret, std::chrono::hours(1));
  const std::string other_audience = json["access_token"];
  CHECK(code_without(form, "assertion", "nonsense") == 50013);
  CHECK(code_without(form, "assertion", other_audience) == 500131);
  CHECK(code_without(form, "assertion", app_token) == 7000114);
  CHECK(code_without(form, "assertion", "") == 900144);
  CHECK(code_without(form, "requested_token_use", "other") == 900144);
  CHECK(code_without(form, "client_secret", "wrong") == 7000215);
  clock.advance(std::chrono::hours(2));
  CHECK(body(post(form))["error_codes"][0] == 500133);
}

TEST_CASE_FIXTURE(Fixture, "lets a person approve a device") {
  const Fields ask = {{"client_id", "app-client"}, {"scope", "https://vault.azure.net/.default offline_access openid"}};
  const Json codes = body(post(ask, "tenant", "devicecode"));
  CHECK(codes["interval"] == 5);
  CHECK(codes["expires_in"] == 900);
  CHECK(codes["message"].get<std::string>().find(codes["user_code"].get<std::string>()) != std::string::npos);
  Fields form = {{"grant_type", "urn:ietf:params:oauth:grant-type:device_code"},
                 {"client_id", "app-client"},
                 {"client_info", "1"},
                 {"device_code", codes["device_code"]}};
  CHECK(body(post(form))["error"] == "authorization_pending");
  CHECK(body(post(form))["error"] == "slow_down");
  const std::string path = "/emulator/device-codes/" + codes["user_code"].get<std::string>();

  SUBCASE("approved") {
    CHECK(body(*entra.control({"GET", "/emulator/device-codes", {}, ""}))[0]["state"] == "pending");
    CHECK(entra.control({"POST", path + "/approve", {}, ""})->status == 204);
    clock.advance(std::chrono::seconds(5));
    const Json json = body(post(form));
    const Json claims = key.verified_claims(json["access_token"].get<std::string>());
    CHECK(claims["oid"] == "user-object");
    CHECK(claims["appidacr"] == "0");
    CHECK(*parse_base64url(json["client_info"].get<std::string>()) == R"({"uid":"user-object","utid":"tenant"})");
    CHECK(key.verified_claims(json["id_token"].get<std::string>())["aud"] == "app-client");
    CHECK(body(post(form))["error"] == "bad_verification_code");

    Fields refresh = {{"grant_type", "refresh_token"},
                      {"client_id", "app-client"},
                      {"scope", "https://storage.azure.com/.default offline_access"},
                      {"refresh_token", json["refresh_token"]}};
    const Json refreshed = body(post(refresh));
    CHECK(key.verified_claims(refreshed["access_token"].get<std::string>())["aud"] == "https://storage.azure.com");
    CHECK(refreshed["refresh_token"] != json["refresh_token"]);
    refresh["refresh_token"] = "1.nonsense";
    CHECK(body(post(refresh))["error"] == "invalid_grant");
    refresh["refresh_token"] = refreshed["refresh_token"];
    clock.advance(std::chrono::hours(24 * 91));
    CHECK(body(post(refresh))["error_codes"][0] == 700082);
  }
  SUBCASE("declined") {
    CHECK(entra.control({"POST", path + "/decline", {}, ""})->status == 204);
    clock.advance(std::chrono::seconds(5));
    form["grant_type"] = "device_code";
    CHECK(body(post(form))["error"] == "authorization_declined");
  }
  SUBCASE("too late") {
    clock.advance(std::chrono::seconds(900));
    CHECK(body(post(form))["error"] == "expired_token");
    CHECK(entra.control({"POST", path + "/approve", {}, ""})->status == 404);
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
