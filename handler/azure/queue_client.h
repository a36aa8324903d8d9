#pragma once

#include "azure/service_connection.h"
#include "azure/service_error.h"
#include "azure/storage_service.h"
#include "core/clock.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::azure {

/// How a message is put on a queue. Value.
struct QueueSend {
  /// How long nobody sees it, up to 7 days.
  std::chrono::seconds invisible{0};
  /// How long it is kept; below zero: for ever.
  std::chrono::seconds lifetime{7 * 24 * 3600};
};

/// Which messages are taken from a queue. Value.
struct QueueReceive {
  std::size_t count = 1;               ///< 1 to 32
  std::chrono::seconds invisible{30};  ///< how long nobody else sees them, 1 s to 7 days
};

/// A message of a queue. Value.
struct QueueMessage {
  std::string id{};
  /// What allows to delete and to update it. Empty for one that was only looked at.
  std::string pop_receipt{};
  std::string text{};
  std::uint64_t dequeue_count = 0;
  std::optional<SystemTime> inserted{};
  std::optional<SystemTime> expires{};
  std::optional<SystemTime> next_visible{};
};

/// What is known of a message once it was sent or updated. Value.
struct QueueReceipt {
  std::string id{};
  std::string pop_receipt{};
  std::optional<SystemTime> next_visible{};
};

/// The messages of one queue (Microsoft Learn, "Queue service REST API"). A text is UTF-8 without control characters,
/// up to 64 KiB, and arrives as it is; functions that a queue starts expect Base64 unless host.json says otherwise.
/// Thread-safe.
class QueueClient {
 public:
  static constexpr std::size_t kTextLimit = std::size_t{64} << 10;

  QueueClient(StorageAccess access, std::string_view queue);

  /// Makes the queue, unless it is there.
  Result<Success, ServiceError> create(const CallOptions& options) const;
  /// Is not repeated, as the message might be on the queue twice.
  Result<QueueReceipt, ServiceError> send(std::string_view text, const QueueSend& how,
                                          const CallOptions& options) const;
  /// Takes messages, so that nobody else sees them for some time. None is no failure. Is not repeated: each try would
  /// take others.
  Result<std::vector<QueueMessage>, ServiceError> receive(const QueueReceive& what, const CallOptions& options) const;
  /// Looks at the next messages, up to 32.
  Result<std::vector<QueueMessage>, ServiceError> peek(std::size_t count, const CallOptions& options) const;
  Result<Success, ServiceError> remove(std::string_view id, std::string_view pop_receipt,
                                       const CallOptions& options) const;
  /// Keeps a message for longer, and with a text replaces its own. The receipt of before is void then.
  Result<QueueReceipt, ServiceError> update(const QueueReceipt& message, std::chrono::seconds invisible,
                                            std::optional<std::string_view> text, const CallOptions& options) const;

 private:
  Result<std::vector<QueueMessage>, ServiceError> get_messages(const std::string& url,
                                                               const CallOptions& options) const;

  const StorageAccess access_;
  const std::string queue_url_;
};

}  // namespace azf::azure
