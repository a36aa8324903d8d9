#pragma once

#include "core/json.h"
#include "http/message.h"

namespace azf {

/// Whether the Content-Type is `application/json` or ends in `+json`, whatever its parameters.
bool has_json_content(const Headers& headers);

/// A response with a JSON body.
HttpResponse json_response(const Json& body, int status = 200);

}  // namespace azf
