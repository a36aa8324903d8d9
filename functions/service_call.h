#pragma once

#include "azure/service_connection.h"
#include "runtime/function.h"

namespace azf::functions {

/// How a function calls a service for its caller: until the invocation's deadline, and no longer than the caller is
/// there. Valid as long as the invocation.
inline azure::CallOptions call_options(const InvocationContext& context) {
  return {.deadline = context.deadline,
          .cancelled = [&response = context.exchange.response] { return response.abandoned(); }};
}

}  // namespace azf::functions
