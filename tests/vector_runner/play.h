#pragma once

#include "core/clock.h"
#include "core/error.h"
#include "vector_runner/assertion.h"
#include "vector_runner/scenario.h"
#include "vector_runner/stand_ins.h"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace azf::test {

/// What one caller got. Value.
struct CallOutcome {
  /// Which `get_token` of the scenario, from 0.
  std::size_t call = 0;
  /// Nothing where there was an error.
  std::optional<std::string> token{};
  /// From the return of the call to the end of the token.
  std::chrono::seconds expires_in{0};
  Error error{};
  std::chrono::milliseconds took{0};
  /// Its attempts, as JSON.
  std::string attempts{};
};

/// All that the client did in one scenario. Value.
struct Observation {
  /// One for each caller.
  std::vector<CallOutcome> outcomes{};
  std::vector<SentRequest> sent{};
  std::vector<std::vector<std::string>> command_lines{};
  /// At level debug.
  std::string log{};
  /// Of all files that the scenario wrote.
  std::vector<KnownCertificate> certificates{};
};

/// Plays a scenario: builds its credential over stand-ins and goes through its steps, each after the last one's work in
/// the background. Notes what cannot be played; then the observation says nothing. Changes the time zone of the process
/// while it runs, so one at a time.
Observation play(const Given& given, const MarkerValues& values, std::vector<std::string>& problems);

}  // namespace azf::test
