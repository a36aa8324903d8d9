#include "functions/caller_sessions.h"

#include "azure/session_pool.h"

#include <utility>

namespace azf::functions {

using azure::ServiceError;
using azure::ServiceErrorKind;

Result<azure::CodeSession, ServiceError> CallerSessions::find_or_issue(const std::optional<std::string>& handle) const {
  if (!handle) return issuer.issue(caller);
  auto session = issuer.find(*handle, caller);
  if (session) return *std::move(session);
  return ServiceError{.kind = ServiceErrorKind::kNotFound,
                      .code = "session_not_found",
                      .message = "There is no such session of this caller; without `session` a new one begins."};
}

Result<CallerSessions, ServiceError> sessions_of(const Services& services, std::string caller) {
  auto pool = azure::load_session_pool(services.environment);
  if (!pool) return azure::not_configured(pool.error());
  auto issuer = azure::load_session_issuer(services.environment);
  if (!issuer) return azure::not_configured(issuer.error());
  auto& connection = services.azure.connect(pool->description());
  const bool demo = pool->demo;
  return CallerSessions{.pool = azure::SessionPoolClient(connection, *std::move(pool), services.clock),
                        .issuer = *std::move(issuer),
                        .caller = std::move(caller),
                        .demo = demo};
}

std::vector<std::string> session_pool_scopes(const Environment& environment) {
  const auto pool = azure::load_session_pool(environment);
  return pool ? pool->description().scopes : std::vector<std::string>();
}

Json to_json(const azure::Execution& execution) {
  return {{"status", execution.succeeded ? "succeeded" : "failed"},
          {"stdout", execution.standard_output},
          {"stderr", execution.standard_error},
          {"result", execution.result},
          {"duration_ms", execution.duration.count()},
          {"truncated", execution.truncated}};
}

}  // namespace azf::functions
