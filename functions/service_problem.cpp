#include "functions/service_problem.h"

#include <chrono>
#include <string>
#include <string_view>

namespace azf::functions {
namespace {

using azure::ServiceError;
using azure::ServiceErrorKind;

int http_status(const ServiceError& error) {
  switch (error.kind) {
    // As for a missing credential: nothing is wrong with the request, and it works once the app is set up.
    case ServiceErrorKind::kNotConfigured:
    case ServiceErrorKind::kNoToken: return 503;
    case ServiceErrorKind::kInvalidRequest:
    case ServiceErrorKind::kContentFiltered:
    case ServiceErrorKind::kInputTooLong: return 400;
    case ServiceErrorKind::kNotFound: return 404;
    case ServiceErrorKind::kConflict: return 409;
    case ServiceErrorKind::kTooLarge: return 413;
    case ServiceErrorKind::kRateLimited: return 429;
    // 429 would make clients try again, in vain.
    case ServiceErrorKind::kQuotaExhausted: return 503;
    case ServiceErrorKind::kUnavailable: return error.status == 503 || error.retry_after ? 503 : 502;
    case ServiceErrorKind::kTimeout: return 504;
    // The caller's own key is in order; it is the app that the service refuses.
    case ServiceErrorKind::kUnauthorized:
    case ServiceErrorKind::kForbidden:
    case ServiceErrorKind::kUnreachable:
    case ServiceErrorKind::kUnexpectedReply:
    case ServiceErrorKind::kBrokenOff: return 502;
    case ServiceErrorKind::kCancelled: return 499;  // as in runtime/problem.cpp
  }
  return 502;
}

// Instead of the message of an error without a reply, which is the operator's: it may name hosts and addresses.
std::string_view public_detail(ServiceErrorKind kind) {
  switch (kind) {
    case ServiceErrorKind::kNoToken:
      return "The app has no token for the service: /api/token-status, or handler doctor, says why.";
    case ServiceErrorKind::kUnreachable:
      return "The service cannot be reached: look at the setting of its endpoint, at firewall and private endpoint.";
    case ServiceErrorKind::kTimeout: return "The service did not answer in time; try again later.";
    case ServiceErrorKind::kUnexpectedReply: return "The service's answer cannot be used.";
    case ServiceErrorKind::kUnavailable: return "The service cannot be used now; try again later.";
    case ServiceErrorKind::kCancelled: return "The caller has gone.";
    default: return {};
  }
}

}  // namespace

Problem to_problem(const ServiceError& error) {
  const auto detail = error.status == 0 ? public_detail(error.kind) : std::string_view();
  Problem problem{.status = http_status(error),
                  .detail = detail.empty() ? error.message : std::string(detail),
                  .extensions = {{"code", error.code}}};
  if (!error.request_id.empty()) problem.extensions["serviceRequestId"] = error.request_id;
  return problem;
}

HttpResponse respond_with(const ServiceError& error, const InvocationContext& context) {
  log_service_error(error, context);
  auto response = to_response(to_problem(error), context.invocation_id);
  set_retry_after(response, error);
  return response;
}

void set_retry_after(HttpResponse& response, const ServiceError& error) {
  if (!error.retry_after || (response.status != 429 && response.status != 503)) return;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(*error.retry_after);
  response.headers.set("Retry-After", std::to_string(seconds.count()));
}

void log_service_error(const ServiceError& error, const InvocationContext& context) {
  const auto write = error.kind == ServiceErrorKind::kCancelled ? &Logger::info : &Logger::warning;
  (context.log.*write)("a service call failed", {{"kind", std::string(to_string(error.kind))},
                                                 {"status", std::to_string(error.status)},
                                                 {"code", error.code},
                                                 {"request_id", error.request_id},
                                                 {"reason", error.message}});
}

}  // namespace azf::functions
