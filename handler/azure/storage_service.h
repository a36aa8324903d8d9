#pragma once

#include "azure/service_connection.h"
#include "azure/service_error.h"
#include "core/clock.h"
#include "core/guid.h"
#include "http/message.h"

#include <initializer_list>
#include <string>

namespace azf::azure {

/// `blob` or `queue` of Azure Storage, with its tokens and how it is called.
ServiceDescription storage_service(std::string name);

/// What clients of storage services have in common. The references outlive them. Value.
struct StorageAccess {
  /// One to `storage_service`.
  ServiceConnection& connection;
  /// Of the account, without a slash at its end: `https://a.blob.core.windows.net`.
  std::string endpoint;
  const Clock& clock;
  GuidSource new_guid = random_guid;
};

/// Sends a request with the header fields that all have. A reply whose status is not expected is an error.
Result<HttpResponse, ServiceError> send_to_storage(const StorageAccess& access, HttpRequest request,
                                                   std::initializer_list<int> expected, const CallOptions& options);

}  // namespace azf::azure
