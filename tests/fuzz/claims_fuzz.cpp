#include "core/json.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"
#include "identity/claims.h"

namespace azf::test {
namespace {

bool holds_all_of(const Json& whole, const Json& part) {
  if (!part.is_object() || !whole.is_object()) return whole == part;
  for (const auto& [name, value] : part.items()) {
    const auto found = whole.find(name);
    if (found == whole.end() || !holds_all_of(*found, value)) return false;
  }
  return true;
}

}  // namespace

void fuzz_claims(std::string_view input) {
  const auto challenge = parse_json(input);
  const bool usable = input.empty() || (challenge && challenge->is_object());
  for (const bool enable_cae : {false, true}) {
    const auto claims = identity::claims_parameter(input, enable_cae);
    require(claims.has_value() == usable, "a challenge that is a JSON object gives claims, and nothing else does");
    if (!claims) {
      require(claims.error().kind == ErrorKind::kInvalidArgument, "other challenges are invalid arguments");
      require(!contains(claims.error().message, kPlantedToken), "the message does not quote the challenge");
      continue;
    }
    if (claims->empty()) {
      require(input.empty() && !enable_cae, "claims are empty only if there is nothing to say");
      continue;
    }
    const auto merged = parse_json(*claims);
    require(merged && merged->is_object(), "claims are a JSON object");
    require(!challenge || holds_all_of(*merged, *challenge), "the challenge wins");
    require(identity::claims_parameter(*claims, enable_cae).value() == *claims, "claims given back stay as they are");
  }
}

}  // namespace azf::test
