#pragma once

#include "azure/service_error.h"
#include "azure/session_identifier.h"
#include "azure/session_pool_client.h"
#include "core/json.h"
#include "core/result.h"
#include "runtime/services.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::functions {

/// The session pool of the app, and the sessions that one caller has in it. Value; the services must outlive it.
struct CallerSessions {
  azure::SessionPoolClient pool;
  azure::SessionIssuer issuer;
  /// See `azure::session_caller`.
  std::string caller;
  /// Whether the pool is a stand-in.
  bool demo = false;

  /// The session of that handle, or a new one if there is none. `kNotFound` where the caller has no such session.
  [[nodiscard]] Result<azure::CodeSession, azure::ServiceError> find_or_issue(
      const std::optional<std::string>& handle) const;
};

/// Fails with `kNotConfigured`, naming the setting.
Result<CallerSessions, azure::ServiceError> sessions_of(const Services& services, std::string caller);

/// The scopes of a function that cannot work without the pool: none as long as no pool is set.
std::vector<std::string> session_pool_scopes(const Environment& environment);

/// `status`, `stdout`, `stderr`, `result`, `duration_ms` and `truncated`.
Json to_json(const azure::Execution& execution);

}  // namespace azf::functions
