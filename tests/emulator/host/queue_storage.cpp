#include "emulator/host/queue_storage.h"

#include "emulator/wire/coding.h"

#include <utility>

namespace azf::emulator {
namespace {

// What the queue service gives when nobody says otherwise.
constexpr std::chrono::days kTimeToLive{7};
constexpr std::chrono::minutes kVisibilityTimeout{10};

}  // namespace

std::string QueueStorage::put(std::string_view queue, std::string body) {
  const SystemTime now = clock_.system_now();
  QueueMessage message{new_guid(), std::move(body), now, now + kTimeToLive, now, "", 0};
  std::string id = message.id;
  put_back(queue, std::move(message));
  return id;
}

void QueueStorage::put_back(std::string_view queue, QueueMessage message) {
  const MutexLock lock(mutex_);
  queues_[std::string(queue)].push_back(std::move(message));
  changed_.notify_all();
}

std::optional<QueueMessage> QueueStorage::take(std::string_view queue) {
  const MutexLock lock(mutex_);
  for (;;) {
    if (closed_) return std::nullopt;
    auto& messages = queues_[std::string(queue)];
    if (!messages.empty()) {
      QueueMessage message = std::move(messages.front());
      messages.pop_front();
      ++message.dequeue_count;
      message.pop_receipt = to_base64(random_bytes(12));
      message.next_visible = clock_.system_now() + kVisibilityTimeout;
      return message;
    }
    changed_.wait(mutex_);
  }
}

void QueueStorage::close() {
  const MutexLock lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

std::vector<QueueMessage> QueueStorage::messages(std::string_view queue) const {
  const MutexLock lock(mutex_);
  const auto found = queues_.find(queue);
  if (found == queues_.end()) return {};
  return {found->second.begin(), found->second.end()};
}

std::vector<std::string> QueueStorage::names() const {
  const MutexLock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, messages] : queues_) names.push_back(name);
  return names;
}

void QueueStorage::clear(std::string_view queue) {
  const MutexLock lock(mutex_);
  const auto found = queues_.find(queue);
  if (found != queues_.end()) found->second.clear();
}

}  // namespace azf::emulator
