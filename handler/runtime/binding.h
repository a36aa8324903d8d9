#pragma once

#include "core/json.h"
#include "http/message.h"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace azf {

/// Which key a caller of an HTTP function must show to the host.
enum class AuthLevel { kAnonymous, kFunction, kAdmin };

/// What a binding's value is. It cannot be seen from the wire: Base64 text is text, too.
enum class DataType { kText, kBinary };

enum class BindingDirection { kIn, kOut, kInOut };

// The members mirror function.json (Microsoft Learn, "Azure Functions HTTP trigger", "... timer trigger", "... Queue
// storage trigger"). Binding names are a letter, then letters and digits, at most 128 in all.

/// Starts a function on an HTTP request.
struct HttpTrigger {
  /// Route template without the prefix of host.json: `orders/{id:int}`. Empty is the function's name.
  std::string route = {};
  /// Empty is all methods, HEAD and OPTIONS included.
  std::vector<Method> methods = {};
  AuthLevel auth_level = AuthLevel::kFunction;
  std::string name = "req";
  /// Whether the function takes the body from its exchange, while it comes, and not from `HttpRequest::body`, which
  /// need not have it. For uploads that shall not lie in memory as a whole.
  bool streams_body = false;
};

/// The HTTP response of a function.
struct HttpOutput {
  std::string name = "res";
};

/// Starts a function by the clock.
struct TimerTrigger {
  /// Six fields, seconds first: `0 */5 * * * *`; or `%SETTING%`.
  std::string schedule = {};
  std::string name = "timer";
};

/// Starts a function for each message of a storage queue.
struct QueueTrigger {
  std::string queue_name = {};
  /// Name or prefix of the app settings that hold the connection.
  std::string connection = "AzureWebJobsStorage";
  DataType data_type = DataType::kText;
  std::string name = "message";
};

/// Puts messages on a storage queue.
struct QueueOutput {
  std::string queue_name = {};
  std::string connection = "AzureWebJobsStorage";
  std::string name = "output";
};

/// Any other binding of the host, as function.json has it.
struct GenericBinding {
  std::string type = {};
  BindingDirection direction = BindingDirection::kIn;
  std::string name = {};
  /// An object with the further members. `"dataType": "binary"` on an input makes its value bytes; leave the member
  /// out on outputs, where the host would pass Base64 text on undecoded.
  Json properties = Json::object();
};

using Binding = std::variant<HttpTrigger, HttpOutput, TimerTrigger, QueueTrigger, QueueOutput, GenericBinding>;

/// As in function.json: `httpTrigger`, `queue`, ... Valid as long as the binding.
std::string_view binding_type(const Binding& binding);
std::string_view binding_name(const Binding& binding);
BindingDirection binding_direction(const Binding& binding);
/// Whether the host hands over the value of this input as bytes. Text for outputs.
DataType binding_data_type(const Binding& binding);
/// Whether the type ends in `Trigger`.
bool is_trigger(const Binding& binding);

std::string_view to_string(AuthLevel level);
std::string_view to_string(BindingDirection direction);

}  // namespace azf
