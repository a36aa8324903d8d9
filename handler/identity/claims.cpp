#include "identity/claims.h"

#include "core/json.h"

namespace azf::identity {

Result<std::string> claims_parameter(std::string_view challenge, bool enable_cae) {
  if (challenge.empty() && !enable_cae) return std::string();
  Json claims = Json::object();
  if (enable_cae) claims = {{"access_token", {{"xms_cc", {{"values", Json::array({"CP1"})}}}}}};
  if (!challenge.empty()) {
    const auto parsed = parse_json(challenge);
    if (!parsed || !parsed->is_object()) {
      return Error{ErrorKind::kInvalidArgument, "the claims are not a JSON object; give a challenge's claims decoded"};
    }
    // RFC 7396 would let a null remove a member; here it is a value, and asks for a claim.
    claims.update(*parsed, /*merge_objects=*/true);
  }
  return to_text(claims);
}

}  // namespace azf::identity
