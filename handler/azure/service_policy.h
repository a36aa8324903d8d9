#pragma once

#include "core/environment.h"
#include "core/result.h"
#include "http/bulkhead.h"
#include "http/circuit_breaker.h"
#include "http/transport.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace azf::azure {

/// How a service is called, if nobody says otherwise. Value.
struct ServicePolicy {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds try_timeout{30'000};
  /// Calls that are not safe to repeat heed it only where a try surely had no effect.
  RetryPolicy retry = RetryPolicy::none();
  BreakerPolicy breaker{};
  BulkheadPolicy bulkhead{};
};

/// A service as the program knows it: its name in settings, in the log and in `health/ready`, the tokens that it takes,
/// and how it is called. Value.
struct ServiceDescription {
  /// Lower-case letters and dashes: `openai`, `session-pool`, `key-vault`, `blob`, `queue`, `graph`.
  std::string name;
  /// What to ask tokens for. May be empty where the service says it by a challenge.
  std::vector<std::string> scopes{};
  /// See `identity::BearerOptions`.
  bool follow_resource_challenge = false;
  /// Instead of `default_service_policy` of that name. Settings go before both.
  std::optional<ServicePolicy> policy{};
};

/// A row of the table of services. Value.
struct KnownService {
  std::string_view name;
  /// The setting with its address, for `find_service_endpoint`.
  std::string_view endpoint_setting;
  /// What its tokens are asked for, if nobody says otherwise.
  std::string_view scope;
  std::chrono::seconds try_timeout;
  int max_retries;
  /// The wait before the first repetition; each further one is twice as long, to the limit.
  std::chrono::milliseconds base_delay;
  std::chrono::milliseconds delay_limit;
  std::size_t max_concurrent;
  std::size_t max_waiting;
};

/// The services that this program has clients of.
std::span<const KnownService> known_services();

/// The policy of a service by its name; for a name that is not known it is `ServicePolicy{}`.
ServicePolicy default_service_policy(std::string_view name);

/// `policy` with what settings say instead: `AZF_<NAME>_` and CONNECT_TIMEOUT_SECONDS, TRY_TIMEOUT_SECONDS,
/// MAX_RETRIES, MAX_CONCURRENT, MAX_WAITING, BREAKER_FAILURES, BREAKER_SECONDS, the name in capitals with underscores
/// for its dashes. All wrong ones are reported together, one per line; kind `kInvalidArgument`.
Result<ServicePolicy> load_service_policy(const Environment& environment, std::string_view name, ServicePolicy policy);

/// AZF_WARM_UP, `on` (the default) or `off`: whether `ServiceConnections::warm_up` does anything.
Result<bool> load_warm_up(const Environment& environment);

/// All that is wrong with these settings, one problem per line; kind `kInvalidArgument`.
Result<Success> check_service_settings(const Environment& environment);

/// The names of those that are set for a service, of all known services.
std::vector<std::string> service_settings(const Environment& environment);

}  // namespace azf::azure
