#include "runtime/problem.h"

#include <utility>

namespace azf {

int http_status(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument: return 400;
    case ErrorKind::kNotFound: return 404;
    // Nothing is wrong with the request, and it works once the app has an identity.
    case ErrorKind::kCredentialUnavailable: return 503;
    // The others are failures of a service that the function called.
    case ErrorKind::kAuthenticationFailed: return 502;
    case ErrorKind::kTimeout: return 504;
    case ErrorKind::kTransport: return 502;
    case ErrorKind::kUnexpectedResponse: return 502;
    case ErrorKind::kCancelled: return 499;  // nobody reads it; in the log it has the number that nginx gave it
    case ErrorKind::kInternal: return 500;
  }
  return 500;
}

Problem to_problem(const Error& error) {
  const bool about_the_request = error.kind == ErrorKind::kInvalidArgument || error.kind == ErrorKind::kNotFound;
  return {.status = http_status(error.kind), .detail = about_the_request ? error.message : std::string()};
}

Json to_document(const Problem& problem, std::string_view invocation_id) {
  Json document = problem.extensions;
  document["status"] = problem.status;
  document["title"] = problem.title.empty() ? std::string(reason_phrase(problem.status)) : problem.title;
  document["invocationId"] = std::string(invocation_id);
  if (!problem.detail.empty()) document["detail"] = problem.detail;
  if (!problem.errors.empty()) {
    Json errors = Json::array();
    for (const auto& [field, message] : problem.errors) errors.push_back({{"field", field}, {"message", message}});
    document["errors"] = std::move(errors);
  }
  return document;
}

HttpResponse to_response(const Problem& problem, std::string_view invocation_id) {
  return {.status = problem.status,
          .headers = {{"Content-Type", "application/problem+json"}},
          .body = to_text(to_document(problem, invocation_id))};
}

}  // namespace azf
