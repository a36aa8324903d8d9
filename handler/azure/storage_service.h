#pragma once

#include "azure/service_connection.h"
#include "azure/storage_error.h"
#include "core/guid.h"
#include "http/message.h"

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace azf::azure {

// What blobs and queues have in common (Microsoft Learn, "Authorize with Microsoft Entra ID (REST API)", "Status and
// error codes").

/// `blob` or `queue`, with the tokens of Azure Storage and its policy.
ServiceDescription storage_service(std::string name);

/// The calls to one storage service, for its client. Thread-safe.
class StorageService {
 public:
  /// `connection` must outlive this object.
  StorageService(ServiceConnection& connection, GuidSource new_guid);

  /// Sends the request with the header fields that every one has. A reply with another status than those expected is a
  /// failure.
  StorageResult<HttpResponse> send(HttpRequest request, std::initializer_list<int> expected,
                                   const CallOptions& options);

 private:
  ServiceConnection& connection_;
  const GuidSource new_guid_;
};

/// The reply is a success, and its body is not what was promised.
StorageError unexpected_reply(std::string what);

/// A whole number of a header field or an element; nothing for any other text.
std::optional<std::uint64_t> parse_number(std::string_view text);

}  // namespace azf::azure
