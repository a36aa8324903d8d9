#include "runtime/json_message.h"

namespace azf {

bool has_json_content(const Headers& headers) {
  auto type = headers.get("Content-Type").value_or("");
  type = type.substr(0, type.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  constexpr std::string_view kSuffix = "+json";
  return equal_ignoring_case(type, "application/json") ||
         (type.size() > kSuffix.size() && equal_ignoring_case(type.substr(type.size() - kSuffix.size()), kSuffix));
}

HttpResponse json_response(const Json& body, int status) {
  return {.status = status, .headers = {{"Content-Type", "application/json; charset=utf-8"}}, .body = to_text(body)};
}

}  // namespace azf
