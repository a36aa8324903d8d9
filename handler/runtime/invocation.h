#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "core/result.h"
#include "http/message.h"
#include "runtime/function_metadata.h"
#include "runtime/route_template.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace azf {

// The JSON envelope by which the host starts everything but forwarded HTTP requests, both directions
// ("Azure/azure-functions-host", src/WebJobs.Script/Workers/Http/DefaultHttpWorkerService.cs and
// src/WebJobs.Script/Workers/MessageExtensions).

/// The value of one input. Value.
struct InputValue {
  /// The text of a text input; the bytes of one that is declared binary; empty for a value that came as a JSON object.
  std::string text = {};
  /// Set if the value is a document: an object, array, number or bool; `text` then has it as it came. A queue message
  /// that holds JSON is text, not a document.
  std::optional<Json> document = {};

  friend bool operator==(const InputValue&, const InputValue&) = default;
};

/// What starts a function and what it is given. Value.
struct Invocation {
  /// The inputs by binding name, without those that have no value (such as a blob that does not exist) and without
  /// the HTTP request.
  std::map<std::string, InputValue, std::less<>> inputs = {};
  /// The request of an HTTP trigger, as it would have been forwarded; X-Forwarded-Proto says the original scheme.
  std::optional<HttpRequest> request = {};
  RouteValues route_values = {};
  /// The trigger's metadata, an object. The host lets members of a JSON message overwrite those of the same name, so
  /// nothing in it is to be trusted more than the message.
  Json metadata = Json::object();

  /// The value of that input, or null.
  [[nodiscard]] const InputValue* input(std::string_view binding) const;

  /// A member of `metadata` as text, number or instant, whichever of the host's encodings it has; nothing if it is
  /// absent or is not such a thing.
  [[nodiscard]] std::optional<std::string> metadata_text(std::string_view name) const;
  [[nodiscard]] std::optional<std::int64_t> metadata_integer(std::string_view name) const;
  [[nodiscard]] std::optional<SystemTime> metadata_time(std::string_view name) const;
};

/// Reads an envelope for that function. Fails with `kInvalidArgument`, naming the member.
Result<Invocation> parse_invocation(std::string_view body, const FunctionMetadata& metadata);

/// Text that arrives as it is: one message, or the content of a blob.
struct TextOutput {
  std::string text;
};
/// Bytes that arrive as they are.
struct BytesOutput {
  std::string bytes;
};
/// One message for each text; none sends nothing.
struct MessagesOutput {
  std::vector<std::string> texts;
};
/// A JSON object or an array of them, for bindings that take documents (Cosmos DB, Table storage). The host indents it
/// where it needs text, and reads texts that look like dates as dates; `TextOutput` avoids both.
struct DocumentOutput {
  Json document;
};
using OutputValue = std::variant<TextOutput, BytesOutput, MessagesOutput, DocumentOutput, HttpResponse>;

/// What a function gives back. Value.
struct InvocationResult {
  /// By binding name, spelled as declared; `$return` is a name, too. An output that is left out is not written.
  std::map<std::string, OutputValue, std::less<>> outputs = {};
  /// Lines that the host writes to the function's own log, tied to the invocation.
  std::vector<std::string> logs = {};
};

/// The reply for the host: never empty, as an empty one would leave the invocation hanging. Each output is encoded so
/// that the host's own decoding (it takes any text that happens to be Base64 for bytes) gives it back unchanged. Fails
/// with `kInternal` when an output is not declared, or cannot be said in an envelope: binary bodies and repeated
/// headers need a forwarded request, texts in the form of an ISO date cannot stand among several messages.
Result<std::string> to_reply(const InvocationResult& result, const FunctionMetadata& metadata);

}  // namespace azf
