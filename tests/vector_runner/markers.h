#pragma once

#include "core/clock.h"
#include "core/json.h"

#include <string>
#include <vector>

namespace azf::test {

/// What the markers of a scenario stand for. Value.
struct MarkerValues {
  /// t0, the instant at which the scenario starts.
  SystemTime start;
  /// For `{{dir}}`.
  std::string directory;
  /// For `{{port}}`.
  std::string port;
  /// Stands in place of the folder in which Azure Arc's agent keeps its keys.
  std::string arc_key_directory;
  /// Where `$fixture` files are, the first that has the file counts.
  std::vector<std::string> fixture_directories{};
};

/// The value with all markers filled in: `{"$epoch": 3600}` and its like, `{{dir}}` and `{{port}}`. Notes markers that
/// it does not know, and fixtures that are not there. The text of a fixture may hold any bytes.
Json filled_in(const Json& value, const MarkerValues& values, std::vector<std::string>& problems);

/// The text with `{{dir}}`, `{{port}}` and the folder of Azure Arc replaced.
std::string filled_in(std::string text, const MarkerValues& values);

}  // namespace azf::test
