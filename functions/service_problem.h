#pragma once

#include "azure/service_error.h"
#include "http/message.h"
#include "runtime/function.h"
#include "runtime/problem.h"

namespace azf::functions {

/// What the caller of a function is told of a failed call to a service: a status that it can act on, the service's own
/// code as the member `code`, the next step as detail. What only the operator can use (addresses, reasons of a
/// transport) stays in the log.
Problem to_problem(const azure::ServiceError& error);

/// The response that ends a function for that error, with Retry-After where waiting helps. Writes the whole error to
/// the log.
HttpResponse respond_with(const azure::ServiceError& error, const InvocationContext& context);

/// Adds Retry-After to a response of that error, where waiting helps.
void set_retry_after(HttpResponse& response, const azure::ServiceError& error);

/// Writes the error to the log as `respond_with` does, where the response has begun already.
void log_service_error(const azure::ServiceError& error, const InvocationContext& context);

}  // namespace azf::functions
