#pragma once

#include "core/mutex.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <sys/epoll.h>

namespace azf {

/// A descriptor that one thread makes readable for another. Thread-safe.
class WakeUp {
 public:
  /// Throws std::system_error if the system has no descriptors left.
  WakeUp();
  ~WakeUp();
  WakeUp(const WakeUp&) = delete;
  WakeUp& operator=(const WakeUp&) = delete;

  void signal() const;
  void clear() const;
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_;
};

/// One thing that has happened. Value.
struct Event {
  enum class Source { kListener, kWakeUp, kConnection };

  Source source = Source::kConnection;
  std::uint64_t ticket = 0;    ///< the connection's
  bool peer_finished = false;  ///< the peer sends no more, behind what it has sent
};

/// Tells many threads of events on sockets, each event to one thread (epoll, edge-triggered): a source is told of again
/// when something new happens on it, so whoever takes an event reads until nothing is left. Thread-safe.
class EventPoll {
 public:
  /// Throws std::system_error if the system has no descriptors left.
  EventPoll();
  ~EventPoll();
  EventPoll(const EventPoll&) = delete;
  EventPoll& operator=(const EventPoll&) = delete;

  /// Each signal of the wake-up is told to one thread.
  void add_wake_up(const WakeUp& wake_up);
  /// The signal is told to all threads, each time that they ask.
  void add_lasting_wake_up(const WakeUp& wake_up);
  void add_listener(int socket);
  /// Whether it could be added. A closed socket needs no removal.
  bool add(int socket, std::uint64_t ticket);
  /// Tells at once of what there is to read, even if it has been told already.
  void rearm(int socket, std::uint64_t ticket);
  /// Likewise, and from now on it is told, too, when the socket takes output again.
  void rearm_with_output(int socket, std::uint64_t ticket);

  /// The next event; nothing after `limit`, or if a signal came. A thread that is alone here fetches some events at
  /// once, and the others that come before it does are given them.
  std::optional<Event> wait(std::chrono::milliseconds limit);
  /// Readable while there are events that nobody has fetched.
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  static constexpr std::size_t kFetched = 16;

  std::optional<Event> take_kept();
  void keep(std::span<const epoll_event> events);

  int descriptor_;
  const WakeUp kept_some_;
  std::atomic<int> waiting_ = 0;
  std::atomic<std::size_t> kept_count_ = 0;

  Mutex mutex_;
  std::array<Event, kFetched> kept_ GUARDED_BY(mutex_);
  std::size_t next_kept_ GUARDED_BY(mutex_) = 0;
};

}  // namespace azf
