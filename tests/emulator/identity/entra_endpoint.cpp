#include "emulator/identity/entra_endpoint.h"

#include "core/time_text.h"
#include "emulator/identity/json_web_token.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

using std::chrono::seconds;

constexpr seconds kLifetime{3599};
constexpr seconds kLongLifetime{86399};
constexpr seconds kRefreshLifetime{90 * 86400};
constexpr seconds kFederatedLifetime{3600};
constexpr seconds kClockSkew{300};
constexpr std::string_view kDefaultScope = "/.default";
// Who calls the application in the name of the user: a web page, registered on its own.
constexpr const char* kBrowserClient = "99999999-9999-4999-8999-999999999999";

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

// The URL that the request was sent to, as its sender names the host.
std::string url_of(const Request& request) {
  const std::string* host = find_header(request.headers, "Host");
  return "https://" + (host == nullptr ? "" : *host) + std::string(request.path());
}

EntraRefusal missing(std::string_view parameter) {
  return {400, "invalid_request", 900144,
          "The request body must contain the following parameter: '" + std::string(parameter) + "'."};
}

EntraRefusal invalid_scope(const std::string& scope) {
  return {400, "invalid_scope", 70011,
          "The provided value for the input parameter 'scope' is not valid. The scope " + scope + " is not valid."};
}

Reply not_cached(Reply reply) {
  reply.headers.push_back({"Cache-Control", "no-store, no-cache"});
  reply.headers.push_back({"Pragma", "no-cache"});
  return reply;
}

}  // namespace

EntraEndpoint::EntraEndpoint(std::string authority, AppRegistration application, User user,
                             std::chrono::seconds device_code_interval, const TokenIssuer& issuer, const Clock& clock)
    : authority_(std::move(authority)),
      application_(std::move(application)),
      user_(std::move(user)),
      issuer_(issuer),
      clock_(clock),
      authentication_(application_, issuer, clock),
      device_codes_(device_code_interval, clock) {}

bool EntraEndpoint::knows_tenant(std::string_view tenant) const {
  return equal_ignoring_case(tenant, issuer_.tenant_id());
}

Reply EntraEndpoint::handle(const Request& request) {
  std::string_view path = request.path();
  path.remove_prefix(path.starts_with('/') ? 1 : 0);
  const auto slash = path.find('/');
  if (slash == std::string_view::npos) return Reply{404, "", {}, ""};
  const std::string tenant = percent_decoded(path.substr(0, slash));
  const std::string_view what = path.substr(slash);
  const bool get = request.method == "GET";
  const bool is_token = what == "/oauth2/v2.0/token";
  if (is_token || what == "/oauth2/v2.0/devicecode") {
    if (request.method != "POST") return Reply{405, "", {{"Allow", "POST"}}, ""};
    return is_token ? token(request, tenant) : device_code(request, tenant);
  }
  if (get && what == "/v2.0/.well-known/openid-configuration") return configuration(tenant, true);
  if (get && what == "/.well-known/openid-configuration") return configuration(tenant, false);
  if (get && (what == "/discovery/v2.0/keys" || what == "/discovery/keys")) return keys();
  if (get && tenant == "common" && what == "/discovery/instance") return instance_discovery(request);
  return Reply{404, "", {}, ""};
}

std::optional<EntraRefusal> EntraEndpoint::check_request(const Parameters& form, std::string_view tenant,
                                                         std::initializer_list<const char*> required) const {
  if (!knows_tenant(tenant)) {
    return EntraRefusal{400, "invalid_request", 90002,
                        "Tenant '" + std::string(tenant) +
                            "' not found. Check to make sure you have the correct tenant ID and are signing into the "
                            "correct cloud. Check with your subscription administrator, this may happen if there are "
                            "no active subscriptions for the tenant."};
  }
  for (const char* name : required) {
    if (value_of(form, name).empty()) return missing(name);
  }
  for (const auto& [name, value] : form) {
    if (std::count_if(form.begin(), form.end(), [&](const auto& other) { return other.first == name; }) > 1) {
      return EntraRefusal{400, "invalid_request", 9000411,
                          "The request is not properly formatted. The parameter '" + name + "' is duplicated."};
    }
  }
  if (!equal_ignoring_case(value_of(form, "client_id"), application_.principal.client_id)) {
    return EntraRefusal{400, "unauthorized_client", 700016,
                        "Application with identifier '" + value_of(form, "client_id") +
                            "' was not found in the directory '" + issuer_.tenant_id() + "'."};
  }
  return check_claims(form);
}

std::optional<EntraRefusal> EntraEndpoint::check_claims(const Parameters& form) {
  const std::string* claims = find_parameter(form, "claims");
  if (claims == nullptr) return std::nullopt;
  const auto json = parse_json(*claims);
  if (json && json->is_object()) return std::nullopt;
  return EntraRefusal{400, "invalid_request", 9002313, "Invalid request. Request is malformed or invalid."};
}

// Clients that can handle claims challenges (capability cp1) get tokens for a day, to be renewed from half on.
EntraEndpoint::Lifetime EntraEndpoint::lifetime_for(const Parameters& form) {
  const auto json = parse_json(value_of(form, "claims"));
  const Json* member = json ? &*json : nullptr;
  for (const char* name : {"access_token", "xms_cc", "values"}) {
    if (member != nullptr) member = find_member(*member, name);
  }
  const bool capable =
      member != nullptr && member->is_array() && std::any_of(member->begin(), member->end(), [](const Json& value) {
        return value.is_string() && equal_ignoring_case(value.get<std::string>(), "cp1");
      });
  return capable ? Lifetime{kLongLifetime, true} : Lifetime{kLifetime, false};
}

Reply EntraEndpoint::token(const Request& request, std::string_view tenant) {
  const Parameters form = parse_parameters(request.body);
  if (const auto refusal = check_request(form, tenant, {"grant_type", "client_id"})) return refuse(*refusal, request);
  const std::string grant = value_of(form, "grant_type");
  // The short name is older than RFC 8628, and MSAL for JavaScript still sends it.
  if (grant == "urn:ietf:params:oauth:grant-type:device_code" || grant == "device_code") {
    return device_token(form, request);
  }
  if (value_of(form, "scope").empty()) return refuse(missing("scope"), request);
  if (grant == "refresh_token") return refreshed_token(form, request);
  if (grant == "client_credentials") return client_credentials(form, request);
  if (grant == "urn:ietf:params:oauth:grant-type:jwt-bearer") return on_behalf_of(form, request);
  return refuse({400, "unsupported_grant_type", 70003, "The app requested an unsupported grant type '" + grant + "'."},
                request);
}

Reply EntraEndpoint::client_credentials(const Parameters& form, const Request& request) const {
  if (const auto refusal = authentication_.check(form, url_of(request))) return refuse(*refusal, request);
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
  if (scopes.size() != 1) return refuse(invalid_scope(value_of(form, "scope")), request);
  const std::string resource = scopes.front().substr(0, scopes.front().size() - kDefaultScope.size());
  const Lifetime lifetime = lifetime_for(form);
  Json body{{"token_type", "Bearer"},
            {"expires_in", lifetime.seconds.count()},
            {"ext_expires_in", lifetime.seconds.count()},
            {"access_token",
             issuer_.issue(application_.principal, resource, ClientAuthentication::proof_in(form), lifetime.seconds)}};
  if (lifetime.long_lived) body["refresh_in"] = lifetime.seconds.count() / 2;
  return not_cached(json_reply(200, body));
}

EntraEndpoint::Target EntraEndpoint::parse_target(std::string_view scope) {
  Target target;
  for (const auto& word : words(scope)) {
    target.openid = target.openid || word == "openid";
    target.refreshable = target.refreshable || word == "offline_access";
    if (is_openid_scope(word)) continue;
    // The permission is what follows the last slash; the resource of a bare permission is Microsoft Graph.
    const auto slash = word.rfind('/');
    const std::string resource =
        slash == std::string::npos ? "00000003-0000-0000-c000-000000000000" : word.substr(0, slash);
    const std::string permission = slash == std::string::npos ? word : word.substr(slash + 1);
    if (resource.empty() || permission.empty() || (!target.resource.empty() && target.resource != resource)) return {};
    target.resource = resource;
    target.scopes.append(target.scopes.empty() ? "" : " ")
        .append(permission == ".default" ? "user_impersonation" : permission);
  }
  return target;
}

Reply EntraEndpoint::user_token_reply(const Parameters& form, const Target& target, ClientProof proof) const {
  const Lifetime lifetime = lifetime_for(form);
  Json body{{"token_type", "Bearer"},
            {"scope", target.resource + "/" + target.scopes},
            {"expires_in", lifetime.seconds.count()},
            {"ext_expires_in", lifetime.seconds.count()},
            {"access_token", issuer_.issue_delegated(user_, application_.principal, target.resource, target.scopes,
                                                     proof, lifetime.seconds)}};
  if (lifetime.long_lived) body["refresh_in"] = lifetime.seconds.count() / 2;
  if (target.refreshable) body["refresh_token"] = refresh_token(target.resource);
  if (target.openid) body["id_token"] = issuer_.issue_id_token(user_, application_.principal, kLifetime);
  if (value_of(form, "client_info") == "1") {
    body["client_info"] = to_base64url(to_text(Json{{"uid", user_.object_id}, {"utid", issuer_.tenant_id()}}));
  }
  return not_cached(json_reply(200, body));
}

std::optional<EntraRefusal> EntraEndpoint::check_user_token(const std::string& assertion) const {
  const auto refused = [](int code, std::string text) {
    return EntraRefusal{400, "invalid_grant", code, std::move(text)};
  };
  const Json claims = issuer_.key().verified_claims(assertion);
  if (claims.is_null()) return refused(50013, "Assertion failed signature validation.");
  const std::string audience = text_claim(claims, "aud");
  const std::string& client_id = application_.principal.client_id;
  if (!equal_ignoring_case(audience, client_id) && !equal_ignoring_case(audience, "api://" + client_id)) {
    return refused(500131,
                   "Assertion audience does not match the Client app presenting the assertion. The audience in "
                   "the assertion was '" +
                       audience + "' and the expected audience is '" + client_id + "'.");
  }
  const auto expires = optional_integer(claims, "exp");
  if (!expires || !*expires || clock_.system_now().time_since_epoch() > seconds(**expires) + kClockSkew) {
    return refused(500133, "Assertion is not within its valid time range.");
  }
  if (text_claim(claims, "scp").empty()) {
    return refused(7000114, "Application '" + client_id + "' is not allowed to make application on-behalf-of calls.");
  }
  return std::nullopt;
}

Reply EntraEndpoint::on_behalf_of(const Parameters& form, const Request& request) const {
  if (value_of(form, "assertion").empty()) return refuse(missing("assertion"), request);
  if (value_of(form, "requested_token_use") != "on_behalf_of") return refuse(missing("requested_token_use"), request);
  if (const auto refusal = authentication_.check(form, url_of(request))) return refuse(*refusal, request);
  if (const auto refusal = check_user_token(value_of(form, "assertion"))) return refuse(*refusal, request);
  const Target target = parse_target(value_of(form, "scope"));
  if (target.resource.empty()) return refuse(invalid_scope(value_of(form, "scope")), request);
  return user_token_reply(form, target, ClientAuthentication::proof_in(form));
}

Reply EntraEndpoint::device_code(const Request& request, std::string_view tenant) {
  const Parameters form = parse_parameters(request.body);
  if (const auto refusal = check_request(form, tenant, {"client_id", "scope"})) return refuse(*refusal, request);
  if (parse_target(value_of(form, "scope")).resource.empty()) {
    return refuse(invalid_scope(value_of(form, "scope")), request);
  }
  const auto codes = device_codes_.begin(value_of(form, "scope"));
  const std::string page = authority_ + "/common/oauth2/deviceauth";
  return not_cached(json_reply(200, {{"user_code", codes.user_code},
                                     {"device_code", codes.device_code},
                                     {"verification_uri", page},
                                     {"expires_in", codes.expires_in.count()},
                                     {"interval", codes.interval.count()},
                                     {"message", "To sign in, use a web browser to open the page " + page +
                                                     " and enter the code " + codes.user_code + " to authenticate."}}));
}

Reply EntraEndpoint::device_token(const Parameters& form, const Request& request) {
  const std::string code = value_of(form, "device_code");
  if (code.empty()) return refuse(missing("device_code"), request);
  const auto outcome = device_codes_.poll(code);
  switch (outcome.state) {
    case DeviceCodes::State::kUnknown:
      return refuse({400, "bad_verification_code", 70018, "The device code is not known, or was used already."},
                    request);
    case DeviceCodes::State::kExpired:
      return refuse({400, "expired_token", 70020,
                     "The provided value for the input parameter 'device_code' is not valid. This device code has "
                     "expired."},
                    request);
    case DeviceCodes::State::kTooSoon:
      return refuse({400, "slow_down", 70016, "OAuth 2.0 device flow: polled more often than the interval allows."},
                    request);
    case DeviceCodes::State::kPending:
      return refuse({400, "authorization_pending", 70016,
                     "OAuth 2.0 device flow error. Authorization is pending. Continue polling."},
                    request);
    case DeviceCodes::State::kDeclined:
      return refuse({400, "authorization_declined", 70000, "The user declined the request."}, request);
    case DeviceCodes::State::kApproved: break;
  }
  return user_token_reply(form, parse_target(outcome.scope), ClientProof::kNone);
}

// Opaque to clients. It names the resource but is good for any one, as a user has one refresh token for each client.
std::string EntraEndpoint::refresh_token(std::string_view resource) const {
  const auto now = std::chrono::floor<seconds>(clock_.system_now()).time_since_epoch();
  const std::string content = issuer_.key().signed_jwt({{"kind", "refresh"},
                                                        {"client", application_.principal.client_id},
                                                        {"resource", std::string(resource)},
                                                        {"id", new_guid()},
                                                        {"exp", (now + kRefreshLifetime).count()}});
  return "1." + to_base64url(content);
}

Reply EntraEndpoint::refreshed_token(const Parameters& form, const Request& request) const {
  const std::string token = value_of(form, "refresh_token");
  if (token.empty()) return refuse(missing("refresh_token"), request);
  const auto content = token.starts_with("1.") ? parse_base64url(token.substr(2)) : std::nullopt;
  const Json claims = content ? issuer_.key().verified_claims(*content) : Json();
  const auto expires = optional_integer(claims, "exp");
  if (text_claim(claims, "kind") != "refresh" || !expires || !*expires) {
    return refuse({400, "invalid_grant", 9002313, "Invalid request. Request is malformed or invalid."}, request);
  }
  if (clock_.system_now().time_since_epoch() > seconds(**expires)) {
    return refuse({400, "invalid_grant", 700082, "The refresh token has expired due to inactivity."}, request);
  }
  // A public client proves nothing, but whoever brings a proof must bring a right one.
  const ClientProof proof = ClientAuthentication::proof_in(form);
  if (proof != ClientProof::kNone) {
    if (const auto refusal = authentication_.check(form, url_of(request))) return refuse(*refusal, request);
  }
  const Target target = parse_target(value_of(form, "scope"));
  if (target.resource.empty()) return refuse(invalid_scope(value_of(form, "scope")), request);
  return user_token_reply(form, target, proof);
}

std::optional<Reply> EntraEndpoint::control(const Request& request) {
  constexpr std::string_view kCodes = "/emulator/device-codes";
  std::string_view path = request.path();
  if (path == "/emulator/user-token" && request.method == "POST") {
    const std::string& client_id = application_.principal.client_id;
    return json_reply(
        200, {{"access_token", issuer_.issue_delegated(user_, {kBrowserClient, "", ""}, client_id, "access_as_user",
                                                       ClientProof::kNone, kLifetime)}});
  }
  if (path == kCodes && request.method == "GET") return json_reply(200, device_codes_.list());
  if (!path.starts_with(kCodes) || request.method != "POST") return std::nullopt;
  path.remove_prefix(kCodes.size());
  const bool approved = path.ends_with("/approve");
  if (!path.starts_with('/') || (!approved && !path.ends_with("/decline"))) return std::nullopt;
  const std::string_view code = path.substr(1, path.rfind('/') - 1);
  if (device_codes_.decide(code, approved)) return Reply{204, "", {}, ""};
  return json_reply(404, {{"error", "there is no such user code"}});
}

Reply EntraEndpoint::refuse(const EntraRefusal& refusal, const Request& request) const {
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

std::string EntraEndpoint::federated_token(const FederatedCredential& federation) const {
  const auto now = std::chrono::floor<seconds>(clock_.system_now()).time_since_epoch();
  return issuer_.key().signed_jwt({{"iss", federation.issuer},
                                   {"sub", federation.subject},
                                   {"aud", federation.audience},
                                   {"iat", now.count()},
                                   {"nbf", now.count()},
                                   {"exp", (now + kFederatedLifetime).count()},
                                   {"jti", new_guid()}});
}

}  // namespace azf::emulator
