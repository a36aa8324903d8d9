#include "functions/json_body.h"

#include "runtime/json_message.h"

#include <string>

namespace azf::functions {

Result<Json, Problem> parse_json_body(const HttpRequest& request) {
  if (!has_json_content(request.headers)) return Problem{.status = 415, .detail = "Send application/json."};
  auto body = parse_json(request.body);
  if (!body) return Problem{.status = 400, .detail = "The body is " + body.error().message + "."};
  if (!body->is_object()) return Problem{.status = 400, .detail = "The body must be a JSON object."};
  return *std::move(body);
}

bool flag_member(const Json& body, std::string_view name, std::vector<FieldError>& errors) {
  const Json* member = find_member(body, name);
  if (member == nullptr) return false;
  if (!member->is_boolean()) errors.push_back({std::string(name), "must be true or false"});
  return *member == true;
}

}  // namespace azf::functions
