#include "identity/token_credential.h"

namespace azf::identity {

std::string_view to_string(AttemptOutcome outcome) {
  switch (outcome) {
    case AttemptOutcome::kSucceeded: return "succeeded";
    case AttemptOutcome::kUnavailable: return "unavailable";
    case AttemptOutcome::kFailed: return "failed";
  }
  return "unknown";
}

std::string message_of(const Attempt& attempt) {
  std::string text = attempt.credential + ": " + attempt.reason;
  if (!attempt.next_step.empty()) text.append(". What to do: ").append(attempt.next_step);
  return text;
}

}  // namespace azf::identity
