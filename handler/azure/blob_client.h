#pragma once

#include "azure/service_connection.h"
#include "azure/service_error.h"
#include "azure/storage_service.h"
#include "core/clock.h"
#include "http/exchange.h"
#include "http/message.h"
#include "http/transport.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::azure {

/// How a blob is written. Value.
struct BlobWrite {
  /// What is kept with it: `Content-Type`, `Content-Encoding`, `Content-Language`, `Content-Disposition`,
  /// `Cache-Control`. Without a type it is `application/octet-stream`.
  Headers properties{};
  /// `If-Match` or `If-None-Match`; none: whatever was there is replaced.
  Headers conditions{};
};

/// A blob as it was written. Value.
struct BlobVersion {
  std::string etag{};           ///< with its quotes
  std::string last_modified{};  ///< an HTTP date
  std::uint64_t size = 0;
};

/// What of a blob is read. Value.
struct BlobRead {
  /// `bytes=0-99` or `bytes=100-`, the only forms that the service knows. Empty: all.
  std::string range{};
  /// `If-Match`, `If-None-Match`, `If-Modified-Since`, `If-Unmodified-Since`.
  Headers conditions{};
};

/// One blob of a list. Value.
struct BlobEntry {
  std::string name{};
  std::uint64_t size = 0;
  std::optional<SystemTime> modified{};
  std::string etag{};  ///< with quotes
  std::string content_type{};

  friend bool operator==(const BlobEntry&, const BlobEntry&) = default;
};

/// What to list: the names below one prefix. Value.
struct BlobQuery {
  /// Ends in `/`, or is empty for the whole container.
  std::string prefix{};
  /// Where an earlier list ended; empty: from the beginning.
  std::string marker{};
  /// Blobs and folders together, 1 to 5000.
  std::size_t limit = 1000;
};

/// Value.
struct BlobList {
  std::vector<BlobEntry> blobs{};
  /// What comes between the prefix and the next slash, with both.
  std::vector<std::string> folders{};
  /// The marker of the next list; empty: there is no more.
  std::string next{};
};

/// The blobs of one container (Microsoft Learn, "Blob service REST API"). Names are UTF-8, 1 to 1024 bytes, with `/`
/// between folders; they are encoded here. A request that cannot do harm twice is repeated as the policy of the
/// connection says. Thread-safe.
class BlobClient {
 public:
  /// A blob is sent as a whole if it is shorter, else in blocks of this size.
  static constexpr std::size_t kBlockBytes = std::size_t{8} << 20;

  BlobClient(StorageAccess access, std::string_view container);

  /// Writes all that `body` gives. Nothing is changed unless it comes to its end: blocks that were sent before count
  /// for nothing. An error of `body` is returned as it is.
  Result<BlobVersion, ServiceError> upload(std::string_view name, BodyReader& body, const BlobWrite& write,
                                           const CallOptions& options) const;
  /// Gives the blob to `receiver`. The result is the head of the reply: 200 or 206, or 304 where a condition says so,
  /// of which the receiver learns nothing.
  Result<HttpResponse, ServiceError> download(std::string_view name, const BlobRead& read, ReplyReceiver& receiver,
                                              const CallOptions& options) const;
  /// The head of what `download` would get, 200 or 304.
  Result<HttpResponse, ServiceError> head(std::string_view name, const Headers& conditions,
                                          const CallOptions& options) const;
  /// Deletes it with its snapshots.
  Result<Success, ServiceError> remove(std::string_view name, const Headers& conditions,
                                       const CallOptions& options) const;
  /// As many pages as it takes: the service may end a page early, even an empty one.
  Result<BlobList, ServiceError> list(const BlobQuery& query, const CallOptions& options) const;

 private:
  [[nodiscard]] std::string url_of(std::string_view name) const;
  Result<BlobVersion, ServiceError> put(std::string_view name, std::string content, const BlobWrite& write,
                                        const CallOptions& options) const;
  Result<BlobVersion, ServiceError> put_in_blocks(std::string_view name, std::string first, BodyReader& rest,
                                                  const BlobWrite& write, const CallOptions& options) const;

  const StorageAccess access_;
  const std::string container_url_;
};

}  // namespace azf::azure
