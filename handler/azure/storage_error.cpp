#include "azure/storage_error.h"

#include "azure/xml_reader.h"

#include <algorithm>

namespace azf::azure {
namespace {

constexpr std::size_t kCodeLimit = 64;

// Microsoft Learn, "Common REST API error codes", "Blob service error codes" and "Queue service error codes".
struct Meaning {
  std::string_view code;
  ServiceErrorKind kind;
  std::string_view message;
};
constexpr Meaning kMeanings[] = {
    {"AuthorizationFailure", ServiceErrorKind::kForbidden,
     "the network rules of the storage account keep this app out"},
    {"ContainerBeingDeleted", ServiceErrorKind::kNotConfigured, "the container is being deleted"},
    {"ContainerNotFound", ServiceErrorKind::kNotConfigured, "the storage account has no such container"},
    {"LeaseIdMissing", ServiceErrorKind::kConflict, "somebody holds a lease on it; end the lease, or try again later"},
    {"OperationTimedOut", ServiceErrorKind::kTimeout, "the storage service did not end in time; try again later"},
    {"QueueNotFound", ServiceErrorKind::kNotConfigured, "the storage account has no such queue"},
};

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

std::string role_hint(std::string_view service) {
  const std::string_view role = service == "queue" ? "Storage Queue Data Contributor" : "Storage Blob Data Contributor";
  return "the app's identity lacks the role for it: assign " + std::string(role) +
         " on the storage account, and allow some minutes";
}

}  // namespace

ServiceError parse_storage_error(std::string_view service, const HttpResponse& reply, SystemTime now) {
  ServiceError error = parse_service_error(service, reply, now);
  const std::string code = code_of(reply);
  if (code.empty()) return error;
  error.code = code;
  error.message = std::string(service) + " answered " + std::to_string(reply.status) + " (" + code + ")";
  const auto* const meaning = std::ranges::find(kMeanings, code, &Meaning::code);
  if (meaning != std::end(kMeanings)) {
    error.kind = meaning->kind;
    error.message.append(": ").append(meaning->message);
  } else if (error.kind == ServiceErrorKind::kForbidden) {
    error.message.append(": ").append(role_hint(service));
  }
  return error;
}

ServiceError unexpected_storage_reply(std::string_view service, std::string what) {
  return to_service_error(service, {ErrorKind::kUnexpectedResponse, std::move(what)});
}

}  // namespace azf::azure
