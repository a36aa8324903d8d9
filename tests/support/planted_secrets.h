#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace azf::test {

/// A secret that a test has put somewhere. Value.
struct PlantedSecret {
  /// For the report: `client secret`.
  std::string name;
  std::string value;
};

/// The names of the secrets that `text` holds, each once: whole, or from their beginning to where somebody has cut
/// them.
std::vector<std::string> leaks_in(std::string_view text, const std::vector<PlantedSecret>& secrets);

}  // namespace azf::test
