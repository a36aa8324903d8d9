#include "emulator/identity/managed_identity_endpoint.h"

#include <algorithm>
#include <string>
#include <utility>

namespace azf::emulator {
namespace {

using std::chrono::seconds;

// Managed identities get tokens for a day.
constexpr seconds kLifetime{86399};

Reply app_service_error(int status, std::string message) {
  return json_reply(status, {{"statusCode", status}, {"message", std::move(message)}});
}

Reply imds_error(int status, std::string description) {
  return json_reply(status, {{"error", "invalid_request"}, {"error_description", std::move(description)}});
}

std::string value_of(const Parameters& query, std::string_view name) {
  const std::string* value = find_parameter(query, name);
  return value == nullptr ? "" : *value;
}

std::string epoch_text(SystemTime time) {
  return std::to_string(std::chrono::floor<seconds>(time).time_since_epoch().count());
}

}  // namespace

ManagedIdentityEndpoint::ManagedIdentityEndpoint(ManagedIdentities identities, Secret header_secret,
                                                 const TokenIssuer& issuer, const Clock& clock)
    : identities_(std::move(identities)), header_secret_(std::move(header_secret)), issuer_(issuer), clock_(clock) {}

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

Reply ManagedIdentityEndpoint::app_service(const Request& request) const {
  if (request.method != "GET") return app_service_error(405, "Only GET is supported.");
  const std::string* header = find_header(request.headers, "X-IDENTITY-HEADER");
  if (header == nullptr || !(Secret(*header) == header_secret_)) {
    return app_service_error(401, "The X-IDENTITY-HEADER is missing or is not the one of this instance.");
  }
  const Parameters query = parse_parameters(request.query());
  if (value_of(query, "api-version") != "2019-08-01")
    return app_service_error(400, "The api-version is not supported.");
  const std::string resource = value_of(query, "resource");
  if (resource.empty()) return app_service_error(400, "The parameter 'resource' is required.");
  const Principal* identity = find_identity(query, "mi_res_id");
  if (identity == nullptr) {
    return app_service_error(
        400, "No User Assigned or Delegated Managed Identity found for specified ClientId/ResourceId/PrincipalId.");
  }
  return json_reply(200, {{"access_token", issuer_.issue(*identity, resource, ClientProof::kAssertion, kLifetime)},
                          {"expires_on", epoch_text(clock_.system_now() + kLifetime)},
                          {"resource", resource},
                          {"token_type", "Bearer"},
                          {"client_id", identity->client_id}});
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
