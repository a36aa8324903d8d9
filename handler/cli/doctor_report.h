#pragma once

#include "core/json.h"
#include "identity/token_credential.h"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace azf::cli {

enum class CheckStatus { kOk, kWarning, kFailed, kSkipped };

/// `ok`, `warning`, `failed`, `skipped`.
std::string_view to_string(CheckStatus status);

/// What one check of `handler doctor` came to. Never holds a secret. Value.
struct Check {
  std::string id;  ///< stable, snake_case: `host_json`
  std::string title;
  CheckStatus status = CheckStatus::kOk;
  std::vector<std::string> found{};
  std::vector<std::string> next_steps{};  ///< what to do now; empty where nothing is to be done
  /// The finding that gave the check its status, and what to do about it; empty where all is well.
  std::string worst{};
  std::string worst_next_step{};
  std::chrono::milliseconds duration{0};

  /// What is too long for people: in JSON only.
  std::vector<std::string> details{};

  /// Adds a finding that makes the check at least a warning, or failed, and what to do about it if that is not empty.
  void warn(std::string finding, std::string_view next_step = {});
  void fail(std::string finding, std::string_view next_step = {});

  friend bool operator==(const Check&, const Check&) = default;
};

/// What the credential did for one scope. Value.
struct ScopeAttempts {
  std::string scope;
  std::vector<identity::Attempt> attempts;
};

/// Everything that `handler doctor` found out, in the order of the checks. Value.
struct Diagnosis {
  std::vector<Check> checks;
  std::vector<ScopeAttempts> attempts;
};

/// Makes of a failure to reach the authority a warning where all tokens came: a managed identity does not need it, and
/// a network that is shut off is no fault then.
Diagnosis weighed(Diagnosis diagnosis);

/// `healthy`, `healthy with 2 warnings`, `2 problems: authority, tokens`.
std::string verdict_of(const Diagnosis& diagnosis);

/// 1 if a check failed, else 0.
int exit_code_of(const Diagnosis& diagnosis);

/// `{"verdict", "exit_code", "checks": [{"id", "title", "status", "found", "next_steps", "details",
/// "duration_ms"}], "attempts": [...]}`; an attempt is as in `identity::attempts_json`, with its `scope`.
Json report_json(const Diagnosis& diagnosis);

enum class Colours { kOff, kOn };

/// For people: each check, what to do about those that are not well, and the verdict as the last line.
std::string report_text(const Diagnosis& diagnosis, Colours colours);

}  // namespace azf::cli
