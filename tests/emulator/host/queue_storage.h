#pragma once

#include "core/clock.h"
#include "core/mutex.h"
#include "emulator/host/queue_message.h"

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::emulator {

/// Storage queues in memory, made when first used; names are compared exactly. Thread-safe.
class QueueStorage {
 public:
  /// `clock` outlives the storage.
  explicit QueueStorage(const Clock& clock) : clock_(clock) {}

  /// Returns the id of the new message.
  std::string put(std::string_view queue, std::string body);
  /// Waits for a message and takes it out; nothing after `close`. Its dequeue count includes this time.
  std::optional<QueueMessage> take(std::string_view queue);
  /// A message that could not be processed becomes visible again at once.
  void put_back(std::string_view queue, QueueMessage message);
  /// Ends every wait in `take`, now and from now on.
  void close();

  /// The messages that wait in a queue, first one first.
  [[nodiscard]] std::vector<QueueMessage> messages(std::string_view queue) const;
  [[nodiscard]] std::vector<std::string> names() const;
  void clear(std::string_view queue);

 private:
  const Clock& clock_;

  mutable Mutex mutex_;
  ConditionVariable changed_;
  std::map<std::string, std::deque<QueueMessage>, std::less<>> queues_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace azf::emulator
