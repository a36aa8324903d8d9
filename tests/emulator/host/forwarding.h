#pragma once

#include "core/result.h"
#include "emulator/wire/message.h"

#include <string>
#include <string_view>

namespace azf::emulator {

/// The version that the emulated host gives as its own.
inline constexpr std::string_view kHostVersion = "4.1037.0.0";

/// The two headers and the product token that the host puts on every invocation.
void add_invocation_headers(Headers& headers, std::string_view invocation_id);

/// The copy of a caller's request that the handler gets in Forward mode: path re-escaped, repeated query names
/// merged, content headers dropped but for type and length (azure-functions-host, `HttpRequestExtensions.cs`,
/// `ToHttpRequestMessage`). Fails with `kInvalidArgument` where .NET refuses to send: a chunked upload, or a
/// `Content-Type` that is none.
Result<Request> forwarded_request(const Request& request, std::string_view invocation_id);

/// The reply that the caller gets: everything but the handler's transfer coding, since the body was buffered.
Reply forwarded_reply(Reply reply);

/// The path as ASP.NET Core's server decodes it: all but `%2F`.
std::string decoded_path(std::string_view path);

}  // namespace azf::emulator
