#pragma once

#include "conformance/observation.h"
#include "conformance/request_case.h"

#include <optional>
#include <string>

namespace azf::test {

/// What is wrong with the reaction of our server, whose handler is `echo`; nothing if it is as the case has it.
std::optional<std::string> fault_of_ours(const RequestCase& request_case, const Observation& observation);

/// How a peer did in one case. Value.
struct PeerVerdict {
  enum class Score { kPassed, kAgainstShould, kFailed };

  Score score = Score::kPassed;
  /// Why it did not just pass.
  std::string reason{};
};

/// Judges a server whose handler answers 200 to everything. The case must be one that peers are asked.
PeerVerdict judge_peer(const RequestCase& request_case, const Observation& observation);

/// `400, and the connection ends`: what our server must do.
std::string expected_of_ours(const RequestCase& request_case);
/// `must refuse with 400, and end the connection`: what any server may do.
std::string expected_of_peers(const RequestCase& request_case);

}  // namespace azf::test
