#pragma once

#include "http/message.h"

#include <string_view>

namespace azf {

// What the caller asked for, before the front end and the host came between. Both texts are what those two say; only
// on the Azure platform does the front end strip a client's own claims. Valid as long as the request.

/// Host, with the port if there was one: X-Forwarded-Host where the host proxies, else Host. Empty if unknown.
std::string_view original_host(const HttpRequest& request);

/// `https` or `http`, from X-Forwarded-Proto; `http` if that is absent, as nothing else speaks to the handler.
std::string_view original_scheme(const HttpRequest& request);

}  // namespace azf
