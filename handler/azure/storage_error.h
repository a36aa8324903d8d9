#pragma once

#include "azure/service_error.h"
#include "core/clock.h"
#include "http/message.h"

#include <string>
#include <string_view>

namespace azf::azure {

/// What a reply of a storage service that is no success says. Its code is that of `x-ms-error-code`, as the reply to
/// HEAD has no body, else that of the XML in the body; kind and message say what the code means where there is
/// something to do about it. `service` is `blob` or `queue`.
ServiceError parse_storage_error(std::string_view service, const HttpResponse& reply, SystemTime now);

/// The reply is a success, and its body is not what was promised.
ServiceError unexpected_storage_reply(std::string_view service, std::string what);

}  // namespace azf::azure
