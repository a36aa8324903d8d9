#include "core/utf8.h"
#include "functions/function_list.h"
#include "http/url.h"
#include "runtime/json_message.h"
#include "runtime/problem.h"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace azf::functions {
namespace {

constexpr std::size_t kNameLimit = 100;

Problem wrong_name(std::string message) { return {.status = 400, .errors = {{"name", std::move(message)}}}; }

// The name in the body; nothing if the body is empty or does not give one.
Result<std::optional<std::string>, Problem> name_in_body(const HttpRequest& request) {
  if (request.body.empty()) return std::optional<std::string>();
  if (!has_json_content(request.headers)) return Problem{.status = 415, .detail = "Send application/json."};
  const auto body = parse_json(request.body);
  if (!body) return Problem{.status = 400, .detail = "The body is " + body.error().message + "."};
  if (!body->is_object()) return Problem{.status = 400, .detail = "The body must be a JSON object."};
  auto name = optional_string(*body, "name");
  if (!name) return wrong_name("must be a string");
  return std::move(*name);
}

// From the body, else from the path, else from the query.
Result<std::optional<std::string>, Problem> requested_name(const HttpRequest& request, const RouteValues& values) {
  if (request.method == Method::kPost) {
    auto name = name_in_body(request);
    if (!name || *name) return name;
  }
  if (const auto name = values.get("name")) return std::optional<std::string>(*name);
  return query_parameter(request.url, "name");
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

std::optional<Problem> check_name(std::string_view name) {
  const auto characters = count_code_points(name);
  if (!characters) return wrong_name("must be UTF-8");
  if (*characters == 0 || *characters > kNameLimit) {
    return wrong_name("must have 1 to " + std::to_string(kNameLimit) + " characters");
  }
  if (std::ranges::any_of(name, is_control)) return wrong_name("must not have control characters");
  return std::nullopt;
}

Result<HttpResponse> respond(const HttpRequest& request, const InvocationContext& context) {
  auto name = requested_name(request, context.route_values);
  if (!name) return to_response(name.error(), context.invocation_id);
  if (!*name && request.method == Method::kPost) return to_response(wrong_name("is missing"), context.invocation_id);
  const std::string greeted = name->value_or("world");
  if (const auto problem = check_name(greeted)) return to_response(*problem, context.invocation_id);
  return json_response({{"message", "Hello, " + greeted + "!"}});
}

}  // namespace

/// GET and POST /api/greet/{name?}: the smallest HTTP function, with a path parameter, JSON both ways, and errors that
/// name the field.
Function greet(const Services&) {
  return http_function(
      "greet",
      {.route = "greet/{name?}", .methods = {Method::kGet, Method::kPost}, .auth_level = AuthLevel::kAnonymous},
      respond);
}

}  // namespace azf::functions
