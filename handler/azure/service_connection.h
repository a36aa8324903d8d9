#pragma once

#include "azure/service_policy.h"
#include "core/clock.h"
#include "core/result.h"
#include "http/message.h"
#include "http/transport.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>

namespace azf::azure {

/// How one call is to be made, beyond the policy of its service. Value.
struct CallOptions {
  Deadline deadline = Deadline::never();
  /// Whether the call may be made again after one that may have had its effect: reading, and writing the same again. A
  /// call that is not repeatable is made again only where it surely had none: no connection came about, or the service
  /// refused it by 401 or 429, or 503 with Retry-After.
  bool repeatable = true;
  /// See `SendOptions`.
  ReplyReceiver* receiver = nullptr;
  std::function<bool()> cancelled{};
  std::function<bool(const HttpResponse&)> is_final{};
  /// Instead of the policy's.
  std::optional<std::chrono::milliseconds> try_timeout{};
  std::size_t response_limit_bytes = std::size_t{4} << 20;
};

/// The calls to one service, by its policy and with its tokens. A reply of any status is a success, as with
/// `HttpTransport`; the clients read what it says. Thread-safe.
class ServiceConnection {
 public:
  /// `transport` adds the token; it must outlive this object.
  ServiceConnection(HttpTransport& transport, ServiceDescription description);

  /// `request.url` is absolute. Sets nothing that the request already has.
  Result<HttpResponse> send(const HttpRequest& request, const CallOptions& options);

  [[nodiscard]] const ServiceDescription& description() const { return description_; }

 private:
  HttpTransport& transport_;
  const ServiceDescription description_;
};

}  // namespace azf::azure
