#include "emulator/identity/managed_identity_endpoint.h"

#include "core/time_text.h"

#include <algorithm>
#include <string>
#include <utility>

namespace azf::emulator {
namespace {

using std::chrono::seconds;

// Managed identities get tokens for a day.
constexpr seconds kLifetime{86399};
constexpr seconds kShellLifetime{3599};
// The application that Cloud Shell itself is.
constexpr const char* kShellClient = "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa";
constexpr std::string_view kNoIdentity =
    "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.";

Reply app_service_error(int status, std::string message) {
  return json_reply(status, {{"statusCode", status}, {"message", std::move(message)}});
}

Reply imds_error(int status, std::string description) {
  return json_reply(status, {{"error", "invalid_request"}, {"error_description", std::move(description)}});
}

Reply service_fabric_error(int status, std::string code, std::string message) {
  return json_reply(
      status, {{"error", {{"correlationId", new_guid()}, {"code", std::move(code)}, {"message", std::move(message)}}}});
}

std::string value_of(const Parameters& query, std::string_view name) {
  const std::string* value = find_parameter(query, name);
  return value == nullptr ? "" : *value;
}

std::string epoch_text(SystemTime time) {
  return std::to_string(std::chrono::floor<seconds>(time).time_since_epoch().count());
}

// `01/02/2026 03:04:05 +00:00`
std::string us_date(SystemTime time) {
  const std::string text = to_rfc3339(time);
  return text.substr(5, 2) + "/" + text.substr(8, 2) + "/" + text.substr(0, 4) + " " + text.substr(11, 8) + " +00:00";
}

}  // namespace

ManagedIdentityEndpoint::ManagedIdentityEndpoint(ManagedIdentities identities, User user, Secret header_secret,
                                                 const TokenIssuer& issuer, const Clock& clock)
    : identities_(std::move(identities)),
      user_(std::move(user)),
      header_secret_(std::move(header_secret)),
      issuer_(issuer),
      clock_(clock) {}

bool ManagedIdentityEndpoint::shows_secret(const Request& request, std::string_view header) const {
  const std::string* value = find_header(request.headers, header);
  return value != nullptr && Secret(*value) == header_secret_;
}

const Principal* ManagedIdentityEndpoint::find_identity(const Parameters& query,
                                                        std::string_view resource_id_name) const {
  const std::string client = value_of(query, "client_id");
  const std::string object = value_of(query, find_parameter(query, "principal_id") ? "principal_id" : "object_id");
  const std::string resource = value_of(query, resource_id_name);
  const int given = !client.empty() + !object.empty() + !resource.empty();
  if (given == 0) return &identities_.system_assigned;
  if (given > 1) return nullptr;
  const auto wanted = [&](const Principal& identity) {
    return equal_ignoring_case(identity.client_id, client) || equal_ignoring_case(identity.object_id, object) ||
           (!resource.empty() && equal_ignoring_case(identity.resource_id, resource));
  };
  const auto found = std::find_if(identities_.user_assigned.begin(), identities_.user_assigned.end(), wanted);
  return found == identities_.user_assigned.end() ? nullptr : &*found;
}

const Principal* ManagedIdentityEndpoint::find_by_clientid(const Parameters& query) const {
  const std::string client = value_of(query, "clientid");
  // Names of other versions are not read here, so that whoever sends one would get a token of the wrong identity.
  for (const char* other : {"client_id", "object_id", "principal_id", "mi_res_id", "msi_res_id"}) {
    if (find_parameter(query, other) != nullptr) return nullptr;
  }
  return find_identity({{"client_id", client}}, "mi_res_id");
}

Reply ManagedIdentityEndpoint::app_service(const Request& request) const {
  if (request.method != "GET") return app_service_error(405, "Only GET is supported.");
  const Parameters query = parse_parameters(request.query());
  const std::string version = value_of(query, "api-version");
  if (version == "2017-09-01") return app_service_2017(request, query);
  return app_service_2019(request, query);
}

Reply ManagedIdentityEndpoint::app_service_2019(const Request& request, const Parameters& query) const {
  if (!shows_secret(request, "X-IDENTITY-HEADER")) {
    return app_service_error(401, "The X-IDENTITY-HEADER is missing or is not the one of this instance.");
  }
  if (value_of(query, "api-version") != "2019-08-01")
    return app_service_error(400, "The api-version is not supported.");
  const std::string resource = value_of(query, "resource");
  if (resource.empty()) return app_service_error(400, "The parameter 'resource' is required.");
  const Principal* identity = find_identity(query, "mi_res_id");
  if (identity == nullptr) return app_service_error(400, std::string(kNoIdentity));
  return json_reply(200, {{"access_token", issuer_.issue(*identity, resource, ClientProof::kAssertion, kLifetime)},
                          {"expires_on", epoch_text(clock_.system_now() + kLifetime)},
                          {"resource", resource},
                          {"token_type", "Bearer"},
                          {"client_id", identity->client_id}});
}

Reply ManagedIdentityEndpoint::app_service_2017(const Request& request, const Parameters& query) const {
  if (!shows_secret(request, "Secret")) {
    return app_service_error(401, "The header Secret is missing or is not the one of this instance.");
  }
  const std::string resource = value_of(query, "resource");
  if (resource.empty()) return app_service_error(400, "The parameter 'resource' is required.");
  const Principal* identity = find_by_clientid(query);
  if (identity == nullptr) return app_service_error(400, std::string(kNoIdentity));
  return json_reply(200, {{"access_token", issuer_.issue(*identity, resource, ClientProof::kAssertion, kLifetime)},
                          {"expires_on", us_date(clock_.system_now() + kLifetime)},
                          {"resource", resource},
                          {"token_type", "Bearer"},
                          {"client_id", identity->client_id}});
}

Reply ManagedIdentityEndpoint::azure_ml(const Request& request) const {
  if (request.method != "GET") return app_service_error(405, "Only GET is supported.");
  if (!shows_secret(request, "secret")) {
    return app_service_error(401, "The header secret is missing or is not the one of this instance.");
  }
  const Parameters query = parse_parameters(request.query());
  if (value_of(query, "api-version") != "2017-09-01")
    return app_service_error(400, "The api-version is not supported.");
  const std::string resource = value_of(query, "resource");
  if (resource.empty()) return app_service_error(400, "The parameter 'resource' is required.");
  // A cluster has user-assigned identities alone, hence none without a name.
  const Principal* identity = value_of(query, "clientid").empty() ? nullptr : find_by_clientid(query);
  if (identity == nullptr) return app_service_error(400, std::string(kNoIdentity));
  return json_reply(200, {{"access_token", issuer_.issue(*identity, resource, ClientProof::kAssertion, kLifetime)},
                          {"expires_on", epoch_text(clock_.system_now() + kLifetime)},
                          {"resource", resource},
                          {"token_type", "Bearer"},
                          {"client_id", identity->client_id}});
}

Reply ManagedIdentityEndpoint::cloud_shell(const Request& request) const {
  if (request.method != "POST") return imds_error(405, "Only POST is supported");
  const std::string* metadata = find_header(request.headers, "Metadata");
  if (metadata == nullptr || !equal_ignoring_case(*metadata, "true")) {
    return imds_error(400, "Required metadata header not specified");
  }
  const std::string* type = find_header(request.headers, "Content-Type");
  if (type == nullptr || !to_lower(*type).starts_with("application/x-www-form-urlencoded")) {
    return imds_error(400, "The body must be a form");
  }
  const Parameters form = parse_parameters(request.body);
  const std::string resource = value_of(form, "resource");
  if (resource.empty()) return imds_error(400, "Required parameter 'resource' is missing");
  for (const auto& [name, value] : form) {
    if (name != "resource") return imds_error(400, "The parameter '" + name + "' is not supported");
  }
  const SystemTime now = clock_.system_now();
  const Principal shell{kShellClient, "", ""};
  return json_reply(200, {{"access_token", issuer_.issue_delegated(user_, shell, resource, "user_impersonation",
                                                                   ClientProof::kAssertion, kShellLifetime)},
                          {"refresh_token", ""},
                          {"expires_in", std::to_string(kShellLifetime.count())},
                          {"expires_on", epoch_text(now + kShellLifetime)},
                          {"not_before", epoch_text(now)},
                          {"resource", resource},
                          {"token_type", "Bearer"}});
}

Reply ManagedIdentityEndpoint::service_fabric(const Request& request) const {
  if (request.method != "GET") return service_fabric_error(405, "MethodNotAllowed", "Only GET is supported.");
  if (find_header(request.headers, "Secret") == nullptr) {
    return service_fabric_error(400, "SecretHeaderNotFound", "Secret is not found in the request headers.");
  }
  if (!shows_secret(request, "Secret")) {
    return service_fabric_error(404, "ManagedIdentityNotFound", "Managed Identity not found for the specified secret.");
  }
  const Parameters query = parse_parameters(request.query());
  const std::string version = value_of(query, "api-version");
  if (version != "2019-07-01-preview" && version != "2020-05-01") {
    return service_fabric_error(400, "InvalidApiVersion", "The api-version '" + version + "' is not supported.");
  }
  const std::string resource = value_of(query, "resource");
  if (resource.empty()) return service_fabric_error(400, "ArgumentNullOrEmpty", "The parameter 'resource' is missing.");
  // The header stands for the identity; a name beside it is not read, so that it would be a mistake.
  if (query.size() != 2) return service_fabric_error(400, "InvalidArgument", "Only api-version and resource are read.");
  const Principal& identity = identities_.system_assigned;
  const auto expires = std::chrono::floor<seconds>(clock_.system_now() + kLifetime).time_since_epoch();
  return json_reply(200, {{"token_type", "Bearer"},
                          {"expires_on", expires.count()},
                          {"access_token", issuer_.issue(identity, resource, ClientProof::kAssertion, kLifetime)},
                          {"resource", resource}});
}

Reply ManagedIdentityEndpoint::imds(const Request& request) const {
  if (request.method != "GET") return imds_error(405, "Only GET is supported");
  const std::string* metadata = find_header(request.headers, "Metadata");
  if (metadata == nullptr || !equal_ignoring_case(*metadata, "true")) {
    return imds_error(400, "Required metadata header not specified");
  }
  if (find_header(request.headers, "X-Forwarded-For") != nullptr) {
    return imds_error(400, "Requests that went through a proxy are refused");
  }
  const Parameters query = parse_parameters(request.query());
  if (value_of(query, "api-version").empty())
    return imds_error(400, "Required query variable 'api-version' is missing");
  const std::string resource = value_of(query, "resource");
  if (resource.empty()) return imds_error(400, "Required query variable 'resource' is missing");
  const Principal* identity = find_identity(query, find_parameter(query, "msi_res_id") ? "msi_res_id" : "mi_res_id");
  if (identity == nullptr) return imds_error(400, "Identity not found");
  // This endpoint writes its numbers as strings.
  const SystemTime now = clock_.system_now();
  return json_reply(200, {{"access_token", issuer_.issue(*identity, resource, ClientProof::kAssertion, kLifetime)},
                          {"client_id", identity->client_id},
                          {"expires_in", std::to_string(kLifetime.count())},
                          {"expires_on", epoch_text(now + kLifetime)},
                          {"ext_expires_in", std::to_string(kLifetime.count())},
                          {"not_before", epoch_text(now)},
                          {"resource", resource},
                          {"token_type", "Bearer"}});
}

}  // namespace azf::emulator
