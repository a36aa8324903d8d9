#pragma once

#include "support/planted_secrets.h"
#include "vector_runner/play.h"
#include "vector_runner/scenario.h"

#include <string>
#include <string_view>
#include <vector>

namespace azf::test {

/// What differs from the expectation, one line each; empty where all is right. Where the expectation accepts `either`,
/// an observation that matches one of the recordings is right as well.
std::vector<std::string> differences(const Expectation& expected, const std::vector<Recording>& recordings,
                                     const Observation& seen);

/// One line for each secret that the log, a message, an attempt or a command line gives away.
std::vector<std::string> leaks(const std::vector<PlantedSecret>& secrets, const Observation& seen);

/// Whether a text is the expected one. `<guid>` and `<jwt>` in `expected` stand for any; `<now>`, `<now+600>` and
/// `<now-60>` alone stand for seconds since 1970, within 10 s of `now`.
bool text_matches(std::string_view expected, std::string_view actual, SystemTime now);

/// One line about a request, for people; form and query with their values, as they are test words.
std::string description_of(const SentRequest& sent);
std::string description_of(const CallOutcome& outcome);

}  // namespace azf::test
