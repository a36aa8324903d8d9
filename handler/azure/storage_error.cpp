#include "azure/storage_error.h"

#include "azure/xml_reader.h"
#include "core/guid.h"

#include <algorithm>
#include <string_view>

namespace azf::azure {
namespace {

constexpr std::size_t kCodeLimit = 64;

bool is_code(std::string_view text) {
  const auto in_code = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= kCodeLimit && std::ranges::all_of(text, in_code);
}

std::string code_of(const HttpResponse& reply) {
  if (const auto code = reply.headers.get("x-ms-error-code"); code && is_code(*code)) return std::string(*code);
  const auto document = parse_xml(reply.body);
  if (!document || document->name != "Error" || !is_code(document->child_text("Code"))) return {};
  return std::string(document->child_text("Code"));
}

ErrorKind kind_of(int status) {
  if (status == 404) return ErrorKind::kNotFound;
  if (status == 401 || status == 403) return ErrorKind::kAuthenticationFailed;
  return status >= 400 && status < 500 ? ErrorKind::kInvalidArgument : ErrorKind::kUnexpectedResponse;
}

}  // namespace

StorageError storage_error(const HttpResponse& reply) {
  std::string code = code_of(reply);
  std::string message = "the storage service answered " + std::to_string(reply.status);
  if (!code.empty()) message += " " + code;
  // By which Azure's support finds the request.
  if (const auto id = reply.headers.get("x-ms-request-id"); id && is_guid(*id))
    message.append(", request ").append(*id);
  return {{kind_of(reply.status), std::move(message)}, reply.status, std::move(code), reply.headers};
}

}  // namespace azf::azure
