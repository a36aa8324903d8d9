#pragma once

#include "http/transport.h"

#include <chrono>
#include <string>
#include <vector>

namespace azf::azure {

/// How a service is called, if nobody says otherwise. Value.
struct ServicePolicy {
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds try_timeout{30'000};
  /// For calls that are safe to repeat.
  RetryPolicy retry = RetryPolicy::none();
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
  ServicePolicy policy{};
};

}  // namespace azf::azure
