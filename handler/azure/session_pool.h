#pragma once

#include "azure/service_policy.h"
#include "core/environment.h"
#include "core/result.h"

#include <string>

namespace azf::azure {

/// The data plane of session pools has changed its paths, bodies and answers once, with api-version 2024-10-02-preview.
enum class SessionPoolGeneration { kCodeExecute, kExecutions };

/// A pool of Azure Container Apps dynamic sessions that run code, and how it is spoken to. Value.
struct SessionPool {
  /// `https`, without query, without a slash at its end: the pool's management endpoint.
  std::string url{};
  /// Begins with a date.
  std::string api_version{};
  /// What tokens are asked for.
  std::string scope{};
  /// Whether it is a stand-in of the emulator.
  bool demo = false;

  [[nodiscard]] SessionPoolGeneration generation() const;
  [[nodiscard]] ServiceDescription description() const;

  friend bool operator==(const SessionPool&, const SessionPool&) = default;
};

/// From AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT (see `find_service_endpoint`; the `/python/execute` of older
/// settings is dropped), SESSION_POOL_API_VERSION and SESSION_POOL_AUDIENCE. Fails with `kInvalidArgument`, naming the
/// setting.
Result<SessionPool> load_session_pool(const Environment& environment);

}  // namespace azf::azure
