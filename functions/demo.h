#pragma once

#include "core/json.h"
#include "http/message.h"

namespace azf::functions {

// What comes of a stand-in of the emulator must never pass for the work of a service.

/// Adds `"demo": true` to a document, which is an object.
void mark_demo(Json& document);

/// Adds the header field `X-AZF-Demo: stand-in`, and to a JSON object in the body the member as well.
void mark_demo(HttpResponse& response);

}  // namespace azf::functions
