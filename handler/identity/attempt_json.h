#pragma once

#include "core/json.h"
#include "identity/token_credential.h"

#include <vector>

namespace azf::identity {

/// `[{"name", "outcome", "code", "source", "looked_for", "reason", "next_step", "duration_ms"}]`; what is not known is
/// null.
Json attempts_json(const std::vector<Attempt>& attempts);

}  // namespace azf::identity
