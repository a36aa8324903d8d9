// The functions that all servers of the benchmark have; tests/bench/README.md says what each must do.
#include "core/json.h"
#include "core/utf8.h"
#include "functions/function_list.h"
#include "runtime/json_message.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace azf::functions {
namespace {

constexpr std::chrono::milliseconds kBlocked{50};

HttpResponse text_response(std::string text) {
  return {.status = 200, .headers = {{"Content-Type", "text/plain"}}, .body = std::move(text)};
}

Function hello() {
  return http_function("hello", {.route = "hello", .methods = {Method::kGet}},
                       [](const HttpRequest&, const InvocationContext&) -> Result<HttpResponse> {
                         return text_response("Hello, world!");
                       });
}

Result<Json> order_total(const Json& order) {
  const Json* lines = find_member(order, "lines");
  if (lines == nullptr || !lines->is_array()) return Error{ErrorKind::kInvalidArgument, "lines must be an array"};
  std::int64_t quantity_sum = 0;
  std::int64_t cents_sum = 0;
  for (const Json& line : *lines) {
    const auto quantity = optional_integer(line, "quantity");
    if (!quantity) return quantity.error();
    const auto unit_cents = optional_integer(line, "unit_cents");
    if (!unit_cents) return unit_cents.error();
    quantity_sum += quantity->value_or(0);
    cents_sum += quantity->value_or(0) * unit_cents->value_or(0);
  }
  auto order_id = required_string(order, "order_id");
  if (!order_id) return order_id.error();
  return Json{{"lines", lines->size()},
              {"order_id", *std::move(order_id)},
              {"quantity", quantity_sum},
              {"total_cents", cents_sum}};
}

Function parse() {
  return http_function("parse", {.route = "parse", .methods = {Method::kPost}},
                       [](const HttpRequest& request, const InvocationContext&) -> Result<HttpResponse> {
                         const auto order = parse_json(request.body);
                         if (!order) return order.error();
                         const auto total = order_total(*order);
                         if (!total) return total.error();
                         return json_response(*total);
                       });
}

Function relay() {
  return triggered_function(
      {.name = "relay", .bindings = {QueueTrigger{.queue_name = "relay-in"}, QueueOutput{.queue_name = "relay-out"}}},
      [](const Invocation& invocation, const InvocationContext&) -> Result<InvocationResult> {
        const auto* message = invocation.input("message");
        if (message == nullptr) return Error{ErrorKind::kInvalidArgument, "the queue message has no value"};
        const auto length = count_code_points(message->text).value_or(0);
        return InvocationResult{
            .outputs = {{"output", TextOutput{message->text + " (" + std::to_string(length) + ")"}}}};
      });
}

Function block(const Clock& clock) {
  return http_function("block", {.route = "block", .methods = {Method::kGet}},
                       [&clock](const HttpRequest&, const InvocationContext&) -> Result<HttpResponse> {
                         clock.sleep_for(kBlocked);
                         return text_response("done");
                       });
}

}  // namespace

std::vector<Function> all_functions(const Services& services) {
  std::vector<Function> functions;
  functions.push_back(hello());
  functions.push_back(parse());
  functions.push_back(relay());
  functions.push_back(block(services.clock));
  return functions;
}

}  // namespace azf::functions
