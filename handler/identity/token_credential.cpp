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

}  // namespace azf::identity
