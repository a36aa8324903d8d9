#include "core/json.h"
#include "fuzz/fuzz_target.h"
#include "fuzz/property.h"
#include "identity/token_reply.h"

#include <algorithm>

namespace azf::test {

void fuzz_token_refusal(std::string_view input) {
  constexpr std::size_t kNames = 4 * (128 + 16);
  const auto refusal = identity::parse_token_refusal(input);
  require(!refusal.text.empty(), "a refusal always says something");
  require(refusal.text.size() <= 4096 + kNames, "a refusal's text is bounded");
  require(refusal.error.size() <= 128 + 3, "an error code is bounded");
  require(refusal.correlation_id.size() <= 128 + 3, "an id is bounded");
  for (const auto* text : {&refusal.text, &refusal.error, &refusal.correlation_id}) {
    require_printable(*text, "a refusal is printable");
  }
  require(refusal.error_codes.size() <= 16, "Entra's numbers are bounded");
  require(std::ranges::all_of(refusal.error_codes, [](int code) { return code > 0; }), "Entra's numbers are positive");
  const auto claims = parse_json(refusal.claims);
  require(refusal.claims.empty() || (refusal.claims.size() <= 4096 && claims && claims->is_object()),
          "claims are a JSON object, and bounded");
}

}  // namespace azf::test
