#pragma once

#include "core/json.h"
#include "core/result.h"

#include <string>
#include <vector>

namespace azf::test {

/// Where this program does on purpose what a scenario does not expect. Value.
struct ArguedException {
  std::string id;
  /// Of the scenario's `expect`.
  std::string field;
  /// Takes the place of the field.
  Json ours;
  std::string why;
};

/// Reads a list of `{"id", "field", "ours", "why"}`. Fails with `kInvalidArgument`, also for a field that no scenario
/// has and for an exception without a reason.
Result<std::vector<ArguedException>> parse_exceptions(std::string_view text);

}  // namespace azf::test
