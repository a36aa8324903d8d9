#include "runtime/original_request.h"

namespace azf {
namespace {

// Each hop may have added an element; the first is the one next to the caller.
std::string_view first_element(std::string_view list) {
  auto element = list.substr(0, list.find(','));
  while (element.starts_with(' ')) element.remove_prefix(1);
  while (element.ends_with(' ')) element.remove_suffix(1);
  return element;
}

}  // namespace

std::string_view original_host(const HttpRequest& request) {
  if (const auto forwarded = request.headers.get("X-Forwarded-Host")) return first_element(*forwarded);
  return request.headers.get("Host").value_or("");
}

std::string_view original_scheme(const HttpRequest& request) {
  const auto forwarded = first_element(request.headers.get("X-Forwarded-Proto").value_or(""));
  return equal_ignoring_case(forwarded, "https") ? "https" : "http";
}

}  // namespace azf
