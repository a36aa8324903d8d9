#pragma once

#include "core/result.h"
#include "http/url.h"

#include <string_view>

namespace azf::azure {

/// The URL of the next page, as a service gives it with a page. It must be of the same scheme, host and port as the
/// `endpoint`, or the token would go to whomever a reply names; else `kUnexpectedResponse`.
Result<Url> parse_next_link(std::string_view link, std::string_view endpoint);

}  // namespace azf::azure
