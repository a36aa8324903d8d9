#include "core/time_text.h"
#include "core/utf8.h"
#include "functions/function_list.h"

#include <string>

namespace azf::functions {
namespace {

Result<InvocationResult> relay_message(const Clock& clock, const Invocation& invocation) {
  const auto* message = invocation.input("message");
  if (message == nullptr) return Error{ErrorKind::kInvalidArgument, "the queue message has no value"};
  const Json relayed = {{"text", message->text},
                        {"length", count_code_points(message->text).value_or(0)},
                        {"relayed_at", to_rfc3339(clock.system_now())}};
  return InvocationResult{.outputs = {{"output", TextOutput{to_text(relayed)}}}};
}

}  // namespace

/// Takes each message of the queue relay-in and puts `{"text", "length", "relayed_at"}` on relay-out: the smallest
/// function with an output binding.
Function relay(const Services& services) {
  return triggered_function(
      {.name = "relay", .bindings = {QueueTrigger{.queue_name = "relay-in"}, QueueOutput{.queue_name = "relay-out"}}},
      [&clock = services.clock](const Invocation& invocation, const InvocationContext&) {
        return relay_message(clock, invocation);
      });
}

}  // namespace azf::functions
