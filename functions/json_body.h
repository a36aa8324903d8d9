#pragma once

#include "core/json.h"
#include "core/result.h"
#include "http/message.h"
#include "runtime/problem.h"

#include <string_view>
#include <vector>

namespace azf::functions {

/// The JSON object in the body of a request, or what its sender is told.
Result<Json, Problem> parse_json_body(const HttpRequest& request);

/// A member that is `true` or `false`; false if it is absent. What is wrong goes to `errors`.
bool flag_member(const Json& body, std::string_view name, std::vector<FieldError>& errors);

}  // namespace azf::functions
