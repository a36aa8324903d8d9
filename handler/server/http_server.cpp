#include "server/http_server.h"

#include "core/mutex.h"
#include "server/connection.h"
#include "server/event_poll.h"
#include "server/http1_driver.h"
#include "server/scheduling.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <deque>
#include <list>
#include <new>
#include <optional>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace azf {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kTick{1};
constexpr int kQuietTicks = 2;
constexpr int kMostDoublings = 6;
constexpr int kTicksWithoutProcessor = 10;
constexpr milliseconds kSurplusInterval{100};
constexpr int kSurplusChecks = 10;
constexpr std::size_t kWorkersAskedFor = 64;
constexpr std::size_t kMostLeastWorkers = 8;
constexpr milliseconds kSweepInterval{1'000};
constexpr milliseconds kAcceptInterval{100};
constexpr milliseconds kDrainInterval{10};
// Events that the gate deals with before it looks at its other duties.
constexpr std::size_t kGateEvents = 64;

// How often deadlines are looked at: each second, or often enough for shorter ones.
milliseconds sweep_interval(const HttpServerOptions& options) {
  const auto shortest = std::min({options.idle_timeout, options.head_timeout, options.transfer_grace});
  return std::clamp(shortest / 4, milliseconds(10), kSweepInterval);
}

}  // namespace

// Threads of two kinds share one event poll. Each worker waits on it for one event at a time, and serves what it gets
// from reading to writing, so that a request whose handler does not block meets one thread only. The thread in `run` is
// the gate: while there is no worker to do it, at first and when all are busy, it accepts and reads, answers the host's
// probes, and queues what needs the handler. Else it sleeps; only while no worker waits for events it looks each
// millisecond whether that lasts, and adds workers if it does.
class HttpServer::Loop {
 public:
  Loop(Listener listener, HttpApplication application, const ClientPolicy& clients, const Clock& clock,
       const Logger& log, HttpServerOptions options)
      : clients_(clients),
        clock_(clock),
        log_(log),
        options_(options),
        application_(std::move(application)),
        table_(options.connection_limit),
        gate_(context()),
        listener_(std::move(listener)) {
    poll_.add_listener(listener_.descriptor());
    poll_.add_wake_up(work_);
    poll_.add_lasting_wake_up(end_);
  }

  ~Loop() { stop(milliseconds::max()); }

  void run(int interrupt) {
    {
      const MutexLock lock(mutex_);
      if (stopping_) return;
      running_ = true;
    }
    while (!stopping_ && !watch(interrupt, milliseconds::max())) {
    }
    const MutexLock lock(mutex_);
    running_ = false;
    run_ended_.notify_all();
  }

  bool stop(milliseconds grace) {
    const bool for_ever = grace == milliseconds::max();
    const auto end = for_ever ? SteadyTime::max() : clock_.steady_now() + grace;
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
      wake_.signal();
      while (running_) run_ended_.wait(mutex_);  // it ends at once
    }
    {
      const MutexLock lock(accept_mutex_);  // no worker is in the middle of accepting
      listener_.close();
    }
    while (end_idle_connections() > 0) {
      const SteadyTime now = clock_.steady_now();
      if (now >= end) return false;
      watch(-1, for_ever ? kDrainInterval : std::min(kDrainInterval, std::chrono::ceil<milliseconds>(end - now)));
    }
    end_workers();
    return true;
  }

 private:
  using Role = Http1Driver::Role;
  using Outcome = Http1Driver::Outcome;
  struct Worker {
    std::thread thread{};
    std::atomic<pid_t> id = 0;  // as soon as it runs
  };
  using Workers = std::list<Worker>;

  [[nodiscard]] DriverContext context() const {
    return {application_, clients_, options_, clock_, log_, stopping_, told_of_unknown_owners_};
  }

  // Does it; where memory is short, says so and returns false: then this is lost, and the rest goes on.
  template <typename Action>
  bool if_memory_allows(Action action) {
    try {
      action();
      return true;
    } catch (const std::bad_alloc&) {
      tell_out_of_memory();
      return false;
    }
  }

  void tell_out_of_memory() {
    try {
      log_.error("out of memory: a connection is closed or has to wait, the others are served on");
    } catch (const std::bad_alloc&) {
      return;  // not even for a line of the log
    }
  }

  // ---- Connections: any thread.

  void accept_all() {
    const MutexLock lock(accept_mutex_);
    while (table_.size() < options_.connection_limit) {
      sockaddr_storage peer{};
      socklen_t size = sizeof peer;
      const int socket =
          ::accept4(listener_.descriptor(), reinterpret_cast<sockaddr*>(&peer), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
      if (socket >= 0) {
        if (!if_memory_allows([&] { admit(socket, peer); })) ::close(socket);
      } else if (errno == EAGAIN || errno == EBADF) {
        accept_fails_ = false;
        return;  // all are accepted, or the listener is closed
      } else if (errno != EINTR && errno != ECONNABORTED) {
        if (!accept_fails_.exchange(true)) {
          if_memory_allows([this, reason = errno] {
            log_.error("cannot accept connections", {{"error", std::generic_category().message(reason)},
                                                     {"open_connections", std::to_string(table_.size())}});
          });
        }
        break;
      }
    }
    accept_pending_ = true;  // others must end before this can go on; the gate tries again
  }

  void admit(int socket, const sockaddr_storage& peer) {
    if (!clients_.admits_address(peer)) {
      const auto address = IpAddress::of(peer);
      log_.warning("connection refused: its address is not among the allowed clients",
                   {{"address", address ? to_string(*address) : "none"}});
      ::close(socket);
      return;
    }
    const auto ticket = table_.add(socket, clock_.coarse_now().steady + options_.idle_timeout);
    if (!ticket) {
      ::close(socket);
    } else if (!poll_.add(socket, *ticket)) {
      if (Connection* connection = table_.claim(*ticket)) table_.remove(*connection);
    }
  }

  void serve(const Event& event, Http1Driver& driver, Role role) {
    if (event.source == Event::Source::kListener) return accept_all();
    if (event.source == Event::Source::kWakeUp) return;
    if (Connection* connection = table_.claim(event.ticket)) {
      settle(*connection, drive(*connection, driver, role, !event.peer_finished));
    }
  }

  Outcome drive(Connection& connection, Http1Driver& driver, Role role, bool drained_by_short_read) {
    Outcome outcome = Outcome::kEnded;
    const auto drive = [&] { outcome = driver.drive(connection, role, drained_by_short_read); };
    if (!if_memory_allows(drive)) driver.reset();
    return outcome;
  }

  Outcome expire(Connection& connection) {
    Outcome outcome = Outcome::kEnded;
    if_memory_allows([&] { outcome = gate_.expire(connection); });
    return outcome;
  }

  // Does what follows from the outcome. What happened on the connection in the meantime was told to others in vain; the
  // poll tells of it again, behind the events of other connections.
  void settle(Connection& connection, Outcome outcome) {
    const std::uint64_t ticket = ConnectionTable::ticket(connection);
    switch (outcome) {
      case Outcome::kEnded: table_.remove(connection); return;
      case Outcome::kWaitsForWorker:
        if (!if_memory_allows([&] { enqueue(connection); })) table_.remove(connection);
        return;
      case Outcome::kWaitsForOutput:
      case Outcome::kYields: poll_.rearm_with_output(connection.socket, ticket); break;
      case Outcome::kWaitsForInput: break;
    }
    while (!table_.release(connection)) {
      if (outcome == Outcome::kWaitsForInput) {
        poll_.rearm(connection.socket, ticket);
      } else {
        poll_.rearm_with_output(connection.socket, ticket);
      }
    }
  }

  // ---- The gate: the thread in `run`, later the one in `stop`.

  // Waits for something to do and does it, once; true if `interrupt` is readable.
  bool watch(int interrupt, milliseconds limit) {
    std::array<pollfd, 3> watched = {pollfd{wake_.descriptor(), POLLIN, 0}, pollfd{interrupt, POLLIN, 0},
                                     pollfd{gate_is_open_ ? poll_.descriptor() : -1, POLLIN, 0}};
    const auto timeout = std::min(limit, time_to_sleep());
    const int wait = timeout == milliseconds::max() ? -1 : static_cast<int>(timeout.count());
    if (::poll(watched.data(), watched.size(), wait) > 0) {
      if (watched[0].revents != 0) wake_.clear();
    }
    if (gate_is_open_) serve_at_gate();
    look_after_workers();
    sweep();
    if (accept_pending_.exchange(false)) accept_all();
    return watched[1].revents != 0;
  }

  [[nodiscard]] milliseconds time_to_sleep() const {
    if (watching_workers_) return kTick;
    if (accept_pending_) return kAcceptInterval;
    return table_.size() > 0 ? sweep_interval(options_) : milliseconds::max();
  }

  void serve_at_gate() {
    for (std::size_t i = 0; i < kGateEvents && gate_is_open_; ++i) {
      const auto event = poll_.wait(milliseconds::zero());
      if (!event) return;
      serve(*event, gate_, queued_ < options_.queue_limit ? Role::kGate : Role::kOverloaded);
    }
  }

  // A tick in which no worker waited for events, and none came back for one, says that handlers block, or that they
  // need the processor for long: the gate takes over the poll. Workers that block are made up for, by twice as many
  // with each such tick. More of those that only wait for a processor would slow one another down, so they get company
  // only when it takes them long.
  void look_after_workers() {
    if (!watching_workers_) return;
    const std::size_t waiting = waiting_workers_;
    const std::uint32_t turns = turns_;
    const bool starved = waiting == 0 && turns == std::exchange(last_turns_, turns);
    if (starved) {
      quiet_ticks_ = 0;
      gate_is_open_ = true;
      if (++starved_ticks_ % kTicksWithoutProcessor != 0 && runnable_workers() >= least_workers()) return;
      if (!add_workers(std::size_t{1} << std::min(doublings_++, kMostDoublings)) && doublings_ == 1) {
        if_memory_allows([this] { tell_all_busy(); });
      }
      return;
    }
    gate_is_open_ = false;
    starved_ticks_ = 0;
    doublings_ = 0;
    look_for_surplus(waiting);
    quiet_ticks_ = waiting > 0 ? quiet_ticks_ + 1 : 0;
    if (quiet_ticks_ < kQuietTicks) return;
    quiet_ticks_ = 0;
    watching_workers_ = false;  // from here on the last worker that leaves the poll says so again
    if (waiting_workers_ == 0) watching_workers_ = true;
  }

  // Workers that were added for handlers that block no more would only take one another's turn at the processor.
  void look_for_surplus(std::size_t waiting) {
    const SteadyTime now = clock_.coarse_now().steady;
    if (now < next_surplus_check_) return;
    next_surplus_check_ = now + kSurplusInterval;
    const bool more_than_needed = worker_count() > least_workers() && waiting + runnable_workers() > least_workers();
    surplus_checks_ = more_than_needed ? surplus_checks_ + 1 : 0;
    if (surplus_checks_ >= kSurplusChecks) has_surplus_ = true;
  }

  // None where there are so many that they surely block; asking for each would take too long.
  std::size_t runnable_workers() {
    const MutexLock lock(mutex_);
    if (workers_.size() > kWorkersAskedFor) return 0;
    return static_cast<std::size_t>(
        std::ranges::count_if(workers_, [](const Worker& worker) { return worker.id == 0 || is_runnable(worker.id); }));
  }

  std::size_t worker_count() {
    const MutexLock lock(mutex_);
    return workers_.size();
  }

  void tell_all_busy() {
    log_.warning("all workers are busy, requests wait", {{"workers", std::to_string(worker_count())}});
  }

  // None where there is no memory for their list; they are looked for again soon.
  std::vector<std::uint64_t> overdue(SteadyTime now) {
    std::vector<std::uint64_t> tickets;
    if_memory_allows([&] { tickets = table_.overdue(now); });
    return tickets;
  }

  // Ends what has taken too long.
  void sweep() {
    const SteadyTime now = clock_.coarse_now().steady;
    if (now < next_sweep_) return;
    next_sweep_ = now + sweep_interval(options_);
    for (const auto ticket : overdue(now)) {
      Connection* connection = table_.claim(ticket);
      if (connection == nullptr) continue;
      const bool still = connection->deadline.load(std::memory_order_relaxed) <= now.time_since_epoch().count();
      settle(*connection, still ? expire(*connection) : Outcome::kYields);
    }
  }

  // At a stop. Returns how many connections are left: those in the middle of a request or of a response.
  std::size_t end_idle_connections() {
    for (const auto ticket : overdue(SteadyTime::max())) {
      Connection* connection = table_.claim(ticket);
      if (connection == nullptr) continue;
      const auto* unfinished = connection->unfinished.get();
      const bool idle = unfinished == nullptr || unfinished->wait == Unfinished::Wait::kPeerClose;
      settle(*connection, idle ? Outcome::kEnded : Outcome::kWaitsForInput);
    }
    return table_.size();
  }

  // The connection stays claimed until a worker has served it.
  void enqueue(Connection& connection) {
    std::size_t workers = 0;
    {
      const MutexLock lock(mutex_);
      queue_.push_back(&connection);
      ++queued_;
      workers = workers_.size();
    }
    if (workers == 0) {
      gate_is_open_ = !add_workers(least_workers());
      watching_workers_ = true;
    } else if (waiting_workers_ > 0) {
      gate_is_open_ = false;  // before it takes the signal itself
      work_.signal();
    }
  }

  // More would only help if requests came faster than so many processors can take them apart.
  static std::size_t least_workers() { return std::min(usable_processors(), kMostLeastWorkers); }

  // False if there can be no more.
  bool add_workers(std::size_t count) {
    join_finished();
    const MutexLock lock(mutex_);
    for (std::size_t i = 0; i < count; ++i) {
      if (workers_.size() >= options_.worker_limit || !add_worker()) return i > 0;
    }
    return true;
  }

  bool add_worker() REQUIRES(mutex_) {
    Workers added;
    try {
      const auto self = added.emplace(added.end());
      self->thread = std::thread([this, self] { work(self); });
    } catch (const std::system_error&) {
      return false;  // the system has no further thread
    } catch (const std::bad_alloc&) {
      return false;
    }
    workers_.splice(workers_.end(), added);
    return true;
  }

  void end_workers() {
    end_.signal();
    {
      const MutexLock lock(mutex_);
      ending_ = true;
      while (!workers_.empty()) worker_ended_.wait(mutex_);
    }
    join_finished();
  }

  // Threads are joined, never detached: one that still winds up while `main` returns would meet libraries that are
  // already torn down.
  void join_finished() {
    Workers finished;
    {
      const MutexLock lock(mutex_);
      finished.swap(finished_);
    }
    for (Worker& worker : finished) worker.thread.join();
  }

  // ---- Workers.

  void work(Workers::iterator self) {
    self->id = ::gettid();
    std::optional<Http1Driver> driver;
    if_memory_allows([&] { driver.emplace(context()); });
    while (driver) {
      turns_.fetch_add(1, std::memory_order_relaxed);
      if (has_surplus_ && has_surplus_.exchange(false) && retires(self)) return;
      if (Connection* connection = take_queued()) {
        settle(*connection, drive(*connection, *driver, Role::kWorker, false));
      } else if (const auto event = wait_for_event()) {
        if (event->source == Event::Source::kWakeUp && ending()) break;
        serve(*event, *driver, Role::kWorker);
        if (event->source == Event::Source::kListener) wake_.signal();  // the gate must know of deadlines
      } else if (retires(self)) {
        return;
      }
    }
    const MutexLock lock(mutex_);
    finish(self);
  }

  Connection* take_queued() {
    if (queued_ == 0) return nullptr;
    const MutexLock lock(mutex_);
    if (queue_.empty()) return nullptr;
    Connection* const connection = queue_.front();
    queue_.pop_front();
    --queued_;
    // Two signals may have been told to one thread, as one.
    if (!queue_.empty() && waiting_workers_ > 0) work_.signal();
    return connection;
  }

  std::optional<Event> wait_for_event() {
    ++waiting_workers_;
    // Whoever queues a request looks for waiting workers behind that; so one of the two sees the other.
    auto event =
        queued_ > 0 ? std::optional(Event{.source = Event::Source::kWakeUp}) : poll_.wait(options_.worker_idle_timeout);
    const bool last = --waiting_workers_ == 0;
    if (last && !watching_workers_ && !watching_workers_.exchange(true)) wake_.signal();
    return event;
  }

  bool retires(Workers::iterator self) {
    const MutexLock lock(mutex_);
    if (workers_.size() <= least_workers()) return false;
    finish(self);
    return true;
  }

  void finish(Workers::iterator self) REQUIRES(mutex_) {
    finished_.splice(finished_.end(), workers_, self);
    worker_ended_.notify_all();
  }

  bool ending() {
    const MutexLock lock(mutex_);
    return ending_;
  }

  const ClientPolicy& clients_;
  const Clock& clock_;
  const Logger& log_;
  const HttpServerOptions options_;
  const HttpApplication application_;

  // Each with its own synchronization.
  EventPoll poll_;
  ConnectionTable table_;
  const WakeUp wake_;  // for the gate
  const WakeUp work_;  // for one worker: something is queued
  const WakeUp end_;   // for all workers
  std::atomic<bool> stopping_ = false;
  mutable std::atomic<bool> told_of_unknown_owners_ = false;
  std::atomic<bool> accept_pending_ = false;
  std::atomic<bool> accept_fails_ = false;
  std::atomic<bool> watching_workers_ = false;
  std::atomic<bool> has_surplus_ = false;
  std::atomic<std::size_t> waiting_workers_ = 0;
  std::atomic<std::uint32_t> turns_ = 0;  // that workers have taken, ever
  std::atomic<std::size_t> queued_ = 0;

  // Of the gate.
  Http1Driver gate_;
  bool gate_is_open_ = true;
  std::uint32_t last_turns_ = 0;
  int starved_ticks_ = 0;
  int doublings_ = 0;
  int quiet_ticks_ = 0;
  int surplus_checks_ = 0;
  SteadyTime next_surplus_check_{};
  SteadyTime next_sweep_{};

  // Held while connections come into the table and the poll, so that a stop meets none that is only in one of them.
  Mutex accept_mutex_;
  Listener listener_ GUARDED_BY(accept_mutex_);

  Mutex mutex_;
  ConditionVariable run_ended_;
  ConditionVariable worker_ended_;
  std::deque<Connection*> queue_ GUARDED_BY(mutex_);
  Workers workers_ GUARDED_BY(mutex_);
  Workers finished_ GUARDED_BY(mutex_);
  bool running_ GUARDED_BY(mutex_) = false;
  bool ending_ GUARDED_BY(mutex_) = false;
};

HttpServer::HttpServer(Listener listener, HttpApplication application, const ClientPolicy& clients, const Clock& clock,
                       const Logger& log, HttpServerOptions options)
    : loop_(std::make_unique<Loop>(std::move(listener), std::move(application), clients, clock, log, options)) {}

HttpServer::~HttpServer() = default;

void HttpServer::run(int interrupt) { loop_->run(interrupt); }

bool HttpServer::stop(milliseconds grace) { return loop_->stop(grace); }

}  // namespace azf
