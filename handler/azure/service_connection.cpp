#include "azure/service_connection.h"

#include <utility>

namespace azf::azure {

ServiceConnection::ServiceConnection(HttpTransport& transport, ServiceDescription description)
    : transport_(transport),
      description_(std::move(description)),
      policy_(description_.policy ? *description_.policy : default_service_policy(description_.name)) {}

Result<HttpResponse> ServiceConnection::send(const HttpRequest& request, const CallOptions& options) {
  return transport_.send(request, {.deadline = options.deadline,
                                   .connect_timeout = policy_.connect_timeout,
                                   .try_timeout = options.try_timeout.value_or(policy_.try_timeout),
                                   .response_limit_bytes = options.response_limit_bytes,
                                   .retry = policy_.retry,
                                   .repeatable = options.repeatable,
                                   .is_final = options.is_final,
                                   .receiver = options.receiver,
                                   .cancelled = options.cancelled});
}

}  // namespace azf::azure
