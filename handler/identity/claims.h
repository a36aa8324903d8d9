#pragma once

#include "core/result.h"

#include <string>
#include <string_view>

namespace azf::identity {

/// The `claims` parameter of a token request: the claims challenge (decoded JSON, empty for none) and, where the caller
/// answers challenges, the capability to do so, `{"access_token":{"xms_cc":{"values":["CP1"]}}}`. Where both name the
/// same member the challenge wins. Empty if there is nothing to say. Fails with `kInvalidArgument` for a challenge that
/// is not a JSON object; the message does not quote it. (Microsoft Entra documentation, "Claims challenges, claims
/// requests and client capabilities".)
Result<std::string> claims_parameter(std::string_view challenge, bool enable_cae);

}  // namespace azf::identity
