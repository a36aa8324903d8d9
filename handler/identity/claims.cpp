#include "identity/claims.h"

#include "core/json.h"

namespace azf::identity {
namespace {

// Not `Json::update`: that throws where an object meets something else. Not a merge patch either (RFC 7396): there a
// null removes a member; here it is a value, and asks for a claim.
void merge(Json& claims, const Json& challenge) {
  for (const auto& [name, value] : challenge.items()) {
    const auto [member, added] = claims.emplace(name, value);
    if (added) continue;
    if (member->is_object() && value.is_object()) {
      merge(*member, value);
    } else {
      *member = value;
    }
  }
}

}  // namespace

Result<std::string> claims_parameter(std::string_view challenge, bool enable_cae) {
  if (challenge.empty() && !enable_cae) return std::string();
  Json claims = Json::object();
  if (enable_cae) claims = {{"access_token", {{"xms_cc", {{"values", Json::array({"CP1"})}}}}}};
  if (!challenge.empty()) {
    const auto parsed = parse_json(challenge);
    if (!parsed || !parsed->is_object()) {
      return Error{ErrorKind::kInvalidArgument, "the claims are not a JSON object; give a challenge's claims decoded"};
    }
    merge(claims, *parsed);
  }
  return to_text(claims);
}

}  // namespace azf::identity
