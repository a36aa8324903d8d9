#pragma once

#include "http/message.h"

#include <optional>
#include <string_view>

namespace azf {

/// The host adds it to every invocation, and leaves it out of its health probes.
inline constexpr std::string_view kInvocationIdHeader = "X-Azure-Functions-InvocationId";

/// The id that the host gave the invocation. A client may send the header, too; the host then adds its own value
/// behind that one, so the last one counts. Nothing when there is none or it is not letters, digits and dashes.
std::optional<std::string_view> invocation_id(const Headers& headers);

}  // namespace azf
