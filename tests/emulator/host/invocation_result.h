#pragma once

#include "core/json.h"
#include "core/result.h"
#include "emulator/host/function_app.h"
#include "emulator/wire/message.h"

#include <string>
#include <utility>
#include <vector>

namespace azf::emulator {

/// A reply to an envelope, taken apart.
struct InvocationResult {
  /// The host never gets a result from an empty 2xx reply, nor from the body `null`: the invocation hangs until the
  /// function's time limit. The other members are then empty.
  bool hangs = false;
  std::vector<std::string> logs;
  /// Whether `Outputs` was there at all.
  bool has_outputs = false;
  /// By the name of the output binding, in its letter case.
  Json outputs = Json::object();
  Json return_value;
};

/// Judges a reply in the Default protocol as the host does, strictly (azure-functions-host,
/// `DefaultHttpWorkerService.ProcessDefaultInvocationRequest`). Fails with `kUnexpectedResponse`: the invocation
/// failed.
Result<InvocationResult> parse_invocation_reply(const Reply& reply, const FunctionDefinition& function);

/// What the caller of an HTTP function gets (azure-functions-host, `HttpBinding.cs`). Fails like the above.
Result<Reply> http_output(const InvocationResult& result, const FunctionDefinition& function);

/// The messages that a queue output, or any other that collects items, sends: each its bytes (azure-functions-host,
/// `FunctionBinding.cs`). A text that .NET can decode from Base64 is decoded, so a handler must encode such a text.
std::vector<std::string> collected_output(const InvocationResult& result, const Binding& output);

}  // namespace azf::emulator
