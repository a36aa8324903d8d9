#pragma once

#include "core/clock.h"
#include "core/mutex.h"
#include "core/result.h"
#include "emulator/wire/message.h"
#include "emulator/wire/reply_writer.h"

#include <chrono>
#include <functional>
#include <memory>
#include <set>
#include <vector>

namespace azf::emulator {

/// Sends requests to one port of 127.0.0.1 as the Functions host's .NET client does: as many connections in parallel
/// as there are calls, kept open and reused for 60 s of idleness, and a request without body that a reused connection
/// loses before the first byte of a reply is sent once more on a new one. Thread-safe.
class LoopbackClient {
 public:
  /// `clock` outlives the client.
  LoopbackClient(int port, const Clock& clock);
  LoopbackClient(const LoopbackClient&) = delete;
  LoopbackClient& operator=(const LoopbackClient&) = delete;
  ~LoopbackClient();

  [[nodiscard]] int port() const { return port_; }

  /// The reply, whatever its status; no redirect is followed. The request's headers frame its body: `Content-Length`
  /// or `Transfer-Encoding: chunked`. `kNotFound` when nobody listens, `kTimeout`, `kTransport`, and
  /// `kUnexpectedResponse` for a reply that breaks off or is no HTTP.
  [[nodiscard]] Result<Reply> send(const Request& request, Deadline deadline);
  /// Likewise, but hands the reply on while it comes. Ends with `kCancelled`, and its connection with it, soon after
  /// `reply` is abandoned. `idle_limit` is for the time without any byte.
  [[nodiscard]] Result<Success> stream(const Request& request, std::chrono::seconds idle_limit, Deadline deadline,
                                       ReplyWriter& reply);
  /// Breaks off every connection, idle or in use; the requests under way fail with `kTransport`.
  void break_connections();
  /// Breaks off every connection; all requests from now on fail with `kTransport`.
  void close();

 private:
  struct Connection;

  // What is done on a connection with a request.
  using Exchange = std::function<Result<Success>(Connection&)>;

  std::unique_ptr<Connection> take_idle_connection();
  // On an idle connection or a new one, which is kept for others where the exchange leaves it in order.
  Result<Success> exchange(const Request& request, Deadline deadline, const Exchange& work);
  // Remembers a connection for as long as `work` uses it.
  Result<Success> use(Connection& connection, const Exchange& work);

  const int port_;
  const Clock& clock_;

  Mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_ GUARDED_BY(mutex_);
  std::set<int> sockets_in_use_ GUARDED_BY(mutex_);
  bool closed_ GUARDED_BY(mutex_) = false;
};

}  // namespace azf::emulator
