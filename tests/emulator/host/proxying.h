#pragma once

#include "emulator/wire/message.h"

#include <string_view>

namespace azf::emulator {

/// The request that the handler gets in Proxy mode, through the host's reverse proxy: the path re-escaped, the query as
/// it came, the handler's own address as `Host`, and all headers but those of one connection (azure-functions-host,
/// `DefaultHttpProxyService.cs`; dotnet/yarp, `HttpTransformer.cs`).
Request proxied_request(const Request& request, std::string_view invocation_id, int handler_port);

/// The headers of a reply that the caller gets.
Headers proxied_headers(const Headers& headers);

}  // namespace azf::emulator
