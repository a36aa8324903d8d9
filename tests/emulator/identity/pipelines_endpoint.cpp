#include "emulator/identity/pipelines_endpoint.h"

#include "emulator/wire/coding.h"

#include <utility>

namespace azf::emulator {
namespace {

Reply with_trace(Reply reply) {
  reply.headers.push_back({"x-vss-e2eid", new_guid()});
  reply.headers.push_back({"x-msedge-ref", "Ref A: " + new_guid()});
  return reply;
}

Reply refuse(int status, const char* type, std::string message) {
  return with_trace(json_reply(status, {{"$id", "1"}, {"message", std::move(message)}, {"typeKey", type}}));
}

}  // namespace

PipelinesEndpoint::PipelinesEndpoint(std::string service_connection_id, Secret access_token,
                                     FederatedCredential federation, const EntraEndpoint& entra)
    : service_connection_id_(std::move(service_connection_id)),
      access_token_(std::move(access_token)),
      federation_(std::move(federation)),
      entra_(entra) {}

Reply PipelinesEndpoint::handle(const Request& request) const {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string* authorization = find_header(request.headers, "Authorization");
  if (authorization == nullptr || !authorization->starts_with(kBearer) ||
      !(Secret(std::string_view(*authorization).substr(kBearer.size())) == access_token_)) {
    // Browsers are sent to a page where they can sign in, and so is every program that does not object.
    const std::string* redirects = find_header(request.headers, "X-TFS-FedAuthRedirect");
    if (redirects != nullptr && equal_ignoring_case(*redirects, "Suppress")) {
      return with_trace({401, "", {{"WWW-Authenticate", "Bearer"}}, ""});
    }
    return with_trace({302, "", {{"Location", "/_signin"}}, ""});
  }
  if (request.method != "POST") return refuse(405, "HttpMethodNotAllowed", "Only POST is supported.");
  if (find_header(request.headers, "Content-Length") == nullptr &&
      find_header(request.headers, "Transfer-Encoding") == nullptr) {
    return with_trace({411, "Length Required", {}, ""});
  }
  const std::string* type = find_header(request.headers, "Content-Type");
  if (type == nullptr || !to_lower(*type).starts_with("application/json")) {
    return refuse(415, "UnsupportedMediaType", "The request must say application/json.");
  }
  const Parameters query = parse_parameters(request.query());
  const std::string* version = find_parameter(query, "api-version");
  if (version == nullptr || version->empty()) {
    return refuse(400, "VssVersionNotSpecifiedException", "No api-version was supplied for the request.");
  }
  const std::string* connection = find_parameter(query, "serviceConnectionId");
  if (connection == nullptr || !equal_ignoring_case(*connection, service_connection_id_)) {
    return refuse(404, "ServiceEndpointNotFound", "The service connection does not exist or may not be used here.");
  }
  return with_trace(json_reply(200, {{"oidcToken", entra_.federated_token(federation_)}}));
}

}  // namespace azf::emulator
