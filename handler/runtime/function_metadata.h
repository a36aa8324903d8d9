#pragma once

#include "core/result.h"
#include "runtime/binding.h"

#include <string>
#include <vector>

namespace azf {

/// What the Functions host has to know of a function: the content of its function.json, and its name. Value.
struct FunctionMetadata {
  /// A letter, then letters, digits, `_` and `-`, at most 128 in all; not `host`.
  std::string name;
  /// Exactly one is a trigger.
  std::vector<Binding> bindings;
  /// Scopes of the tokens without which the function cannot work, such as `https://vault.azure.net/.default`:
  /// `heartbeat` keeps them fresh, `health` reports them. Not part of function.json.
  std::vector<std::string> token_scopes = {};
};

/// Checks names, the one trigger, unique binding names and the members that a binding cannot do without, as the host
/// would at its start ("Azure/azure-functions-host", src/WebJobs.Script/Utility.cs and
/// Host/HostFunctionMetadataProvider.cs). Fails with `kInvalidArgument`, naming function and binding.
Result<Success> validate(const FunctionMetadata& metadata);

/// The HTTP trigger, or null.
const HttpTrigger* http_trigger(const FunctionMetadata& metadata);

/// The binding of that exact name, or null.
const Binding* find_binding(const FunctionMetadata& metadata, std::string_view name);

/// Whether the host forwards requests as they are: one input, an HTTP trigger, and one output, HTTP. Any further
/// input or output makes it send the JSON envelope instead ("Azure/azure-functions-host",
/// src/WebJobs.Script/Extensions/FunctionMetadataExtensions.cs).
bool is_http_in_and_out(const FunctionMetadata& metadata);

}  // namespace azf
