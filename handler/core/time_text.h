#pragma once

#include "core/clock.h"

#include <optional>
#include <string>
#include <string_view>

namespace azf {

/// `2026-01-02T03:04:05Z` (RFC 3339, UTC, whole seconds).
std::string to_rfc3339(SystemTime time);
/// `2026-01-02T03:04:05.678Z`, for log records.
std::string to_rfc3339_milliseconds(SystemTime time);

/// RFC 3339, with any fraction and `Z` or a numeric offset; a blank may stand for `T`. No zone is UTC.
std::optional<SystemTime> parse_rfc3339(std::string_view text);
/// `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
std::string to_http_date(SystemTime time);
/// HTTP dates as RFC 9110 section 5.6.7 has them now: `Sun, 06 Nov 1994 08:49:37 GMT`.
std::optional<SystemTime> parse_http_date(std::string_view text);
/// `M/d/yyyy h:mm:ss AM|PM [+00:00]` and `MM/dd/yyyy HH:mm:ss [+00:00]`, as legacy identity endpoints send expiry.
/// No zone is UTC.
std::optional<SystemTime> parse_us_date(std::string_view text);

}  // namespace azf
