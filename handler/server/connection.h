#pragma once

#include "core/clock.h"
#include "core/mutex.h"
#include "server/request_reader.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace azf {

/// What a connection keeps while it waits in the middle of a request or of a response.
struct Unfinished {
  enum class Wait { kHead, kBody, kWorker, kOutput, kPeerClose };

  Wait wait = Wait::kHead;
  SteadyTime since{};                    ///< when this wait began
  std::optional<RequestReader> request;  ///< begun, or complete and waiting for a worker
  std::string unread;                    ///< input behind the request that was answered last
  std::string output;                    ///< what of a response the peer has not taken yet
  std::size_t sent = 0;                  ///< bytes of `output`
  bool closes = false;                   ///< behind `output`
};

/// One accepted connection. Whoever has claimed it from its table, one thread at a time, may use it.
struct Connection {
  int socket = -1;
  /// Whether its client is known to be one who may connect.
  bool owner_checked = false;
  /// Nothing while no request has begun: an idle connection costs this object alone.
  std::unique_ptr<Unfinished> unfinished;
  /// When it is to be ended if nothing happens, as a steady time; may be read without a claim.
  std::atomic<SteadyTime::rep> deadline{0};

 private:
  friend class ConnectionTable;
  std::uint32_t index_ = 0;
  // Generation in the upper half, state in the lower. The generation makes a ticket of an ended connection worthless.
  std::atomic<std::uint64_t> claim_{0};
};

/// All connections of a server. An event poll hands out tickets, to any thread and perhaps late; a claim turns a ticket
/// into the connection, for one thread at a time. Thread-safe.
class ConnectionTable {
 public:
  /// At most `limit` connections at once.
  explicit ConnectionTable(std::uint32_t limit);
  /// Closes what is left; nothing may be claimed any more.
  ~ConnectionTable();
  ConnectionTable(const ConnectionTable&) = delete;
  ConnectionTable& operator=(const ConnectionTable&) = delete;

  /// Takes over a socket and gives its ticket; nothing if the table is full.
  std::optional<std::uint64_t> add(int socket, SteadyTime deadline);
  /// The ticket's connection; nothing if it has ended, or if another thread has it, which then learns from `release`
  /// that it must look again.
  Connection* claim(std::uint64_t ticket);
  /// Gives up the claim; false if somebody has wanted it in the meantime: then the caller still has it.
  bool release(Connection& connection);
  /// Closes a claimed connection.
  void remove(Connection& connection);
  /// The ticket of a claimed connection.
  [[nodiscard]] static std::uint64_t ticket(const Connection& connection);

  /// Tickets of the unclaimed connections whose deadline has passed.
  [[nodiscard]] std::vector<std::uint64_t> overdue(SteadyTime now) const;
  /// How many connections there are.
  [[nodiscard]] std::size_t size() const { return size_.load(std::memory_order_relaxed); }

 private:
  [[nodiscard]] Connection& slot(std::uint32_t index) const;
  [[nodiscard]] std::uint32_t free_slot() REQUIRES(mutex_);

  const std::uint32_t limit_;
  // Made as they are needed, and kept and never moved until the end, because a late ticket may still look into one.
  const std::unique_ptr<std::atomic<Connection*>[]> blocks_;
  std::atomic<std::uint32_t> slots_ = 0;  // that have been made
  std::atomic<std::size_t> size_ = 0;

  mutable Mutex mutex_;
  std::vector<std::uint32_t> free_ GUARDED_BY(mutex_);
};

}  // namespace azf
