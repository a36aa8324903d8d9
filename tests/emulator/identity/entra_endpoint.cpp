#include "emulator/identity/entra_endpoint.h"

#include "core/time_text.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

using std::chrono::seconds;

constexpr seconds kLifetime{3599};
constexpr seconds kFederatedLifetime{3600};
constexpr seconds kClockSkew{300};
constexpr std::string_view kDefaultScope = "/.default";
constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

// `2026-01-01 00:00:00Z`, as error replies have it.
std::string timestamp(SystemTime time) {
  std::string text = to_rfc3339(time);
  text[10] = ' ';
  return text;
}

std::string value_of(const Parameters& form, std::string_view name) {
  const std::string* value = find_parameter(form, name);
  return value == nullptr ? "" : *value;
}

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> list;
  while (!(text = trimmed(text)).empty()) {
    const auto end = std::min(text.find(' '), text.size());
    list.emplace_back(text.substr(0, end));
    text.remove_prefix(end);
  }
  return list;
}

// What MSAL adds to every request and Entra ignores here.
bool is_openid_scope(std::string_view scope) {
  return scope == "openid" || scope == "offline_access" || scope == "profile";
}

std::string text_claim(const Json& claims, std::string_view name) {
  const Json* claim = find_member(claims, name);
  return claim != nullptr && claim->is_string() ? claim->get<std::string>() : "";
}

std::optional<seconds> time_claim(const Json& claims, std::string_view name) {
  const auto number = optional_integer(claims, name);
  if (!number || !*number) return std::nullopt;
  return seconds(**number);
}

}  // namespace

EntraEndpoint::EntraEndpoint(std::string authority, AppRegistration application, const TokenIssuer& issuer,
                             const Clock& clock)
    : authority_(std::move(authority)), application_(std::move(application)), issuer_(issuer), clock_(clock) {}

bool EntraEndpoint::knows_tenant(std::string_view tenant) const {
  return equal_ignoring_case(tenant, issuer_.tenant_id());
}

Reply EntraEndpoint::handle(const Request& request) const {
  std::string_view path = request.path();
  path.remove_prefix(path.starts_with('/') ? 1 : 0);
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return Reply{404, "", {}, ""};
  const std::string tenant = percent_decoded(path.substr(0, slash));
  const std::string_view what = path.substr(slash);
  const bool get = request.method == "GET";
  if (what == "/oauth2/v2.0/token") {
    return request.method == "POST" ? token(request, tenant) : Reply{405, "", {{"Allow", "POST"}}, ""};
  }
  if (get && what == "/v2.0/.well-known/openid-configuration") return configuration(tenant, true);
  if (get && what == "/.well-known/openid-configuration") return configuration(tenant, false);
  if (get && (what == "/discovery/v2.0/keys" || what == "/discovery/keys")) return keys();
  if (get && tenant == "common" && what == "/discovery/instance") return instance_discovery(request);
  return Reply{404, "", {}, ""};
}

Reply EntraEndpoint::token(const Request& request, std::string_view tenant) const {
  const Parameters form = parse_parameters(request.body);
  if (!knows_tenant(tenant)) {
    return refuse({400, "invalid_request", 90002,
                   "Tenant '" + std::string(tenant) +
                       "' not found. Check to make sure you have the correct tenant ID and are signing into the "
                       "correct cloud. Check with your subscription administrator, this may happen if there are no "
                       "active subscriptions for the tenant."},
                  request);
  }
  for (const char* name : {"grant_type", "client_id", "scope"}) {
    if (!value_of(form, name).empty()) continue;
    return refuse({400, "invalid_request", 900144,
                   "The request body must contain the following parameter: '" + std::string(name) + "'."},
                  request);
  }
  if (value_of(form, "grant_type") != "client_credentials") {
    return refuse({400, "unsupported_grant_type", 70003,
                   "The app requested an unsupported grant type '" + value_of(form, "grant_type") + "'."},
                  request);
  }
  if (!equal_ignoring_case(value_of(form, "client_id"), application_.principal.client_id)) {
    return refuse({400, "unauthorized_client", 700016,
                   "Application with identifier '" + value_of(form, "client_id") +
                       "' was not found in the directory '" + issuer_.tenant_id() + "'."},
                  request);
  }
  if (const auto refusal = check_client(form)) return refuse(*refusal, request);

  std::vector<std::string> scopes = words(value_of(form, "scope"));
  std::erase_if(scopes, is_openid_scope);
  for (const auto& scope : scopes) {
    if (scope.ends_with(kDefaultScope) && scope.size() > kDefaultScope.size()) continue;
    return refuse({400, "invalid_scope", 1002012,
                   "The provided value for scope " + scope +
                       " is not valid. Client credential flows must have a scope value with /.default suffixed to the "
                       "resource identifier (application ID URI)."},
                  request);
  }
  if (scopes.size() != 1) {
    return refuse({400, "invalid_scope", 70011,
                   "The provided request must include a 'scope' input parameter. The provided value for the input "
                   "parameter 'scope' is not valid: exactly one resource can be asked for."},
                  request);
  }
  const std::string_view resource = std::string_view(scopes[0]).substr(0, scopes[0].size() - kDefaultScope.size());
  const ClientProof proof = value_of(form, "client_secret").empty() ? ClientProof::kAssertion : ClientProof::kSecret;
  Reply reply = json_reply(200, {{"token_type", "Bearer"},
                                 {"expires_in", kLifetime.count()},
                                 {"ext_expires_in", kLifetime.count()},
                                 {"access_token", issuer_.issue(application_.principal, resource, proof, kLifetime)}});
  reply.headers.push_back({"Cache-Control", "no-store, no-cache"});
  reply.headers.push_back({"Pragma", "no-cache"});
  return reply;
}

std::optional<EntraEndpoint::Refusal> EntraEndpoint::check_client(const Parameters& form) const {
  if (const std::string secret = value_of(form, "client_secret"); !secret.empty()) {
    if (Secret(secret) == application_.client_secret) return std::nullopt;
    return Refusal{401, "invalid_client", 7000215,
                   "Invalid client secret provided. Ensure the secret being sent in the request is the client secret "
                   "value, not the client secret ID, for a secret added to app '" +
                       application_.principal.client_id + "'."};
  }
  const std::string assertion = value_of(form, "client_assertion");
  if (assertion.empty()) {
    return Refusal{401, "invalid_client", 7000216,
                   "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant "
                   "type."};
  }
  if (value_of(form, "client_assertion_type") != kJwtBearer) {
    return Refusal{400, "invalid_request", 900144,
                   "The request body must contain the following parameter: 'client_assertion_type'."};
  }
  return check_assertion(assertion);
}

std::optional<EntraEndpoint::Refusal> EntraEndpoint::check_assertion(std::string_view assertion) const {
  const auto refused = [](int code, std::string text) { return Refusal{401, "invalid_client", code, std::move(text)}; };
  const Json claims = issuer_.key().verified_claims(assertion);
  if (claims.is_null()) {
    return refused(700027,
                   "The certificate with identifier used to sign the client assertion is not registered on "
                   "application, or the signature is not valid.");
  }
  const FederatedCredential& federation = application_.federation;
  if (text_claim(claims, "iss") != federation.issuer) {
    return refused(700211, "No matching federated identity record found for presented assertion issuer '" +
                               text_claim(claims, "iss") + "'.");
  }
  if (text_claim(claims, "aud") != federation.audience) {
    return refused(700212, "No matching federated identity record found for presented assertion audience '" +
                               text_claim(claims, "aud") + "'.");
  }
  if (text_claim(claims, "sub") != federation.subject) {
    return refused(700213, "No matching federated identity record found for presented assertion subject '" +
                               text_claim(claims, "sub") + "'.");
  }
  const auto now = clock_.system_now().time_since_epoch();
  const auto expires = time_claim(claims, "exp");
  const auto begins = time_claim(claims, "nbf");
  if (!expires || now > *expires + kClockSkew || (begins && now + kClockSkew < *begins)) {
    return refused(700024, "Client assertion is not within its valid time range.");
  }
  return std::nullopt;
}

Reply EntraEndpoint::refuse(const Refusal& refusal, const Request& request) const {
  const std::string* client_id = find_header(request.headers, "client-request-id");
  const std::string correlation_id = client_id == nullptr ? new_guid() : *client_id;
  const std::string trace_id = new_guid();
  const std::string time = timestamp(clock_.system_now());
  Reply reply = json_reply(
      refusal.status,
      {{"error", std::string(refusal.error)},
       {"error_description", "AADSTS" + std::to_string(refusal.code) + ": " + refusal.text + " Trace ID: " + trace_id +
                                 " Correlation ID: " + correlation_id + " Timestamp: " + time},
       {"error_codes", Json::array({refusal.code})},
       {"timestamp", time},
       {"trace_id", trace_id},
       {"correlation_id", correlation_id},
       {"error_uri", authority_ + "/error?code=" + std::to_string(refusal.code)}});
  reply.headers.push_back({"Cache-Control", "no-store, no-cache"});
  reply.headers.push_back({"x-ms-request-id", trace_id});
  return reply;
}

Reply EntraEndpoint::configuration(std::string_view tenant, bool v2) const {
  const bool any_tenant = tenant == "common" || tenant == "organizations";
  if (!any_tenant && !knows_tenant(tenant)) {
    return refuse({400, "invalid_tenant", 90002, "Tenant '" + std::string(tenant) + "' not found."}, Request{});
  }
  const std::string base = authority_ + "/" + std::string(tenant);
  const std::string version = v2 ? "/v2.0" : "";
  const std::string shown_tenant = any_tenant ? "{tenantid}" : issuer_.tenant_id();
  const std::string issuer =
      v2 ? authority_ + "/" + shown_tenant + "/v2.0" : "https://sts.windows.net/" + shown_tenant + "/";
  return json_reply(
      200, {{"token_endpoint", base + "/oauth2" + version + "/token"},
            {"token_endpoint_auth_methods_supported", {"client_secret_post", "private_key_jwt", "client_secret_basic"}},
            {"jwks_uri", base + "/discovery" + version + "/keys"},
            {"response_modes_supported", {"query", "fragment", "form_post"}},
            {"subject_types_supported", Json::array({"pairwise"})},
            {"id_token_signing_alg_values_supported", Json::array({"RS256"})},
            {"response_types_supported", {"code", "id_token", "code id_token", "id_token token"}},
            {"scopes_supported", {"openid", "profile", "email", "offline_access"}},
            {"issuer", issuer},
            {"authorization_endpoint", base + "/oauth2" + version + "/authorize"},
            {"device_authorization_endpoint", base + "/oauth2" + version + "/devicecode"},
            {"end_session_endpoint", base + "/oauth2" + version + "/logout"}});
}

Reply EntraEndpoint::keys() const {
  Json key = issuer_.key().public_jwk();
  key["issuer"] = issuer_.v2_issuer();
  return json_reply(200, {{"keys", Json::array({std::move(key)})}});
}

Reply EntraEndpoint::instance_discovery(const Request& request) const {
  const Parameters query = parse_parameters(request.query());
  // `https://host:port/tenant/oauth2/v2.0/authorize`: the tenant is the first segment.
  std::string tenant = issuer_.tenant_id();
  if (const std::string endpoint = value_of(query, "authorization_endpoint"); endpoint.starts_with("https://")) {
    const auto begin = endpoint.find('/', 8);
    if (begin != std::string::npos) tenant = endpoint.substr(begin + 1, endpoint.find('/', begin + 1) - begin - 1);
  }
  const std::string host = authority_.substr(authority_.find("//") + 2);
  return json_reply(
      200,
      {{"tenant_discovery_endpoint", authority_ + "/" + tenant + "/v2.0/.well-known/openid-configuration"},
       {"api-version", "1.1"},
       {"metadata",
        Json::array({{{"preferred_network", host}, {"preferred_cache", host}, {"aliases", Json::array({host})}}})}});
}

std::string EntraEndpoint::federated_token() const {
  const auto now = std::chrono::floor<seconds>(clock_.system_now()).time_since_epoch();
  return issuer_.key().signed_jwt({{"iss", application_.federation.issuer},
                                   {"sub", application_.federation.subject},
                                   {"aud", application_.federation.audience},
                                   {"iat", now.count()},
                                   {"nbf", now.count()},
                                   {"exp", (now + kFederatedLifetime).count()},
                                   {"jti", new_guid()}});
}

}  // namespace azf::emulator
