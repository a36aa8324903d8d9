#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "emulator/wire/http_client.h"
#include "emulator/wire/message.h"

namespace azf::emulator {

/// Sends a request and follows redirects as .NET's HttpClient does unless told otherwise: at most 50, and a POST that
/// is answered by 301, 302 or 303 goes on as a GET without body. Only redirects to the client's own port are known;
/// another one fails with `kTransport`, as do the failures of `LoopbackClient::send`.
Result<Reply> send_following_redirects(LoopbackClient& client, Request request, Deadline deadline);

}  // namespace azf::emulator
