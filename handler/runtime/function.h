#pragma once

#include "core/clock.h"
#include "core/log.h"
#include "core/result.h"
#include "http/exchange.h"
#include "http/message.h"
#include "runtime/function_metadata.h"
#include "runtime/invocation.h"
#include "runtime/route_template.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace azf {

struct Function;

/// What a handler knows of the invocation that it serves. References are valid until the handler returns.
struct InvocationContext {
  std::string_view function_name;
  /// The host's id, also in every line of `log`.
  std::string_view invocation_id;
  /// Decoded route parameters.
  const RouteValues& route_values;
  /// The app's function time-out, counted from the arrival of the invocation; calls that wait take it, or a sooner one.
  Deadline deadline;
  const Logger& log;
  /// For a response that is sent while it is made, and a body that is read while it comes.
  const Exchange& exchange;
  /// All functions of the app, this one among them.
  std::span<const Function> functions;
};

/// Serves a request of an HTTP function. An error becomes a problem response by the table in problem.h. One that has
/// begun the response of its exchange returns an empty response, which is not used, or an error, which breaks the
/// response off. Called from many threads at once; what it throws is a bug, logged and answered by a bare 500.
using HttpHandler = std::function<Result<HttpResponse>(const HttpRequest&, const InvocationContext&)>;

/// Serves any other invocation, likewise. An error makes the invocation fail, so that the trigger may repeat it.
using TriggerHandler = std::function<Result<InvocationResult>(const Invocation&, const InvocationContext&)>;

/// One function of the app: what the host knows of it, and what it does. `Router::create` checks it. Value.
struct Function {
  FunctionMetadata metadata;
  std::variant<HttpHandler, TriggerHandler> handler;
};

/// A function that takes a request and gives a response, and has no other binding: the host forwards its requests.
Function http_function(std::string name, HttpTrigger trigger, HttpHandler handler,
                       std::vector<std::string> token_scopes = {});

/// Any other function; an HTTP trigger may be among its bindings if it has further inputs or outputs.
Function triggered_function(FunctionMetadata metadata, TriggerHandler handler);

/// The scopes that the functions declare, each once, sorted.
std::vector<std::string> declared_token_scopes(std::span<const Function> functions);

}  // namespace azf
