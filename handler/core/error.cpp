#include "core/error.h"

#include <utility>

namespace azf {

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument: return "invalid_argument";
    case ErrorKind::kNotFound: return "not_found";
    case ErrorKind::kCredentialUnavailable: return "credential_unavailable";
    case ErrorKind::kAuthenticationFailed: return "authentication_failed";
    case ErrorKind::kTimeout: return "timeout";
    case ErrorKind::kTransport: return "transport";
    case ErrorKind::kUnexpectedResponse: return "unexpected_response";
    case ErrorKind::kCancelled: return "cancelled";
    case ErrorKind::kInternal: return "internal";
  }
  return "unknown";
}

Error with_context(Error error, std::string_view what) {
  error.message.insert(0, ": ").insert(0, what);
  return error;
}

}  // namespace azf
