#include "azure/service_connection.h"

#include <utility>

namespace azf::azure {

ServiceConnection::ServiceConnection(HttpTransport& transport, ServiceDescription description)
    : transport_(transport), description_(std::move(description)) {}

Result<HttpResponse> ServiceConnection::send(const HttpRequest& request, const CallOptions& options) {
  const ServicePolicy& policy = description_.policy;
  return transport_.send(request, {.deadline = options.deadline,
                                   .connect_timeout = policy.connect_timeout,
                                   .try_timeout = options.try_timeout.value_or(policy.try_timeout),
                                   .response_limit_bytes = options.response_limit_bytes,
                                   .retry = options.repeatable ? policy.retry : RetryPolicy::none(),
                                   .is_final = options.is_final,
                                   .receiver = options.receiver,
                                   .cancelled = options.cancelled});
}

}  // namespace azf::azure
