#pragma once

#include "core/json.h"
#include "vector_runner/markers.h"

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace azf::test {

// A recorded scenario, as tests/vectors/identity/README.md describes it.

/// One answer of the stand-in. Value.
struct ScriptedReply {
  /// Only URLs that hold this text are answered; empty for all.
  std::string when{};
  /// A failure instead of an answer: refused, timeout, unreachable, dns, reset; empty for none.
  std::string failure{};
  std::chrono::milliseconds delay{0};
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
};

/// A command line tool that answers from a script. Value.
struct ScriptedTool {
  std::string standard_output{};
  std::string standard_error{};
  int exit_code = 0;
  std::chrono::seconds duration{0};
  /// Whether a call with the only argument `/?` ends well.
  bool exit_first_ok = false;
  /// Whether there is such a file, but one that cannot be run.
  bool no_execute = false;
};

/// Value.
struct Step {
  enum class Op { kGetToken, kAdvanceClock, kSleep, kWriteFile };
  Op op = Op::kGetToken;
  std::vector<std::string> scopes{};
  std::string tenant_id{};
  std::string claims{};
  bool enable_cae = false;
  std::size_t parallel = 1;
  std::chrono::milliseconds duration{0};
  std::string file_name{};
  std::string file_content{};
};

/// What the client gets, all markers filled in. Value.
struct Given {
  std::map<std::string, std::string, std::less<>> environment{};
  /// `kind` and its settings.
  Json options{};
  std::map<std::string, std::string> files{};
  std::map<std::string, std::string> arc_keys{};
  std::map<std::string, ScriptedTool> tools{};
  std::vector<ScriptedReply> replies{};
  std::vector<Step> steps{};
  /// IANA name; empty for UTC.
  std::string time_zone{};
  /// Whether only requests to the stand-in's own port, directly or through a proxy, reach it.
  bool on_socket = false;
};

/// The part of a request that must be there. Value.
struct ExpectedRequest {
  std::string method{};
  std::string url{};
  /// Where it is not empty, any of these is right.
  std::vector<std::string> urls{};
  /// Objects: name to text, or to the list of texts of a repeated name.
  Json query{};
  Json headers{};
  Json body_form{};
  std::optional<std::string> body_text{};
  /// Null for none.
  Json assertion{};
};

/// What the client must do. Value.
struct Expectation {
  /// For each `get_token`: the texts that are right, `error` and `tokens` among them.
  std::vector<std::vector<std::string>> results{};
  std::optional<std::int64_t> fewest_requests{};
  std::optional<std::int64_t> most_requests{};
  /// Whether the number was given as a range, so that `requests` are one recording of several.
  bool requests_vary = false;
  std::vector<ExpectedRequest> requests{};
  std::optional<std::vector<std::string>> tool_runs{};
  std::optional<std::vector<std::vector<std::string>>> command_lines_seen{};
  std::string error_class{};
  std::optional<std::int64_t> expires_in_s{};
  std::vector<std::int64_t> min_delays_ms{};
  std::optional<std::int64_t> max_total_ms{};
  /// Whether what a recorded SDK did is right too.
  bool either = false;
};

/// What one SDK did. Value.
struct Recording {
  std::string sdk{};
  /// For each `get_token` a token, or `error`.
  std::vector<std::string> results{};
  std::int64_t request_count = 0;
  std::vector<ExpectedRequest> requests{};
  std::vector<std::string> tools{};
};

/// A scenario before its markers are filled in. Value.
struct Scenario {
  std::string id;
  Json given;
  Json expect;
  Json sdk;
};

/// Splits a scenario's file; notes what is missing.
Scenario parse_scenario(const Json& file, const std::string& file_name, std::vector<std::string>& problems);

Given parse_given(const Json& given, const MarkerValues& values, std::vector<std::string>& problems);
Expectation parse_expectation(const Json& expect, const MarkerValues& values, std::vector<std::string>& problems);
/// Of the SDKs that have such a credential and were recorded. One that cannot be read is left out: then the expectation
/// alone decides.
std::vector<Recording> parse_recordings(const Json& sdk, const MarkerValues& values);

/// The words for the reader of a failing scenario: `must: ...`.
std::vector<std::string> words_of(const Json& expect);

/// Whether a field of `expect` is one that the runner judges.
bool is_judged_field(const std::string& name);

}  // namespace azf::test
