#include "support/planted_secrets.h"

namespace azf::test {
namespace {

// What is cut off later than this gives a part of a secret away.
constexpr std::size_t kHarmlessLength = 12;

}  // namespace

std::vector<std::string> leaks_in(std::string_view text, const std::vector<PlantedSecret>& secrets) {
  std::vector<std::string> names;
  for (const PlantedSecret& secret : secrets) {
    const std::string_view begin = std::string_view(secret.value).substr(0, kHarmlessLength);
    if (!begin.empty() && text.find(begin) != std::string_view::npos) names.push_back(secret.name);
  }
  return names;
}

}  // namespace azf::test
