#pragma once

#include "core/clock.h"
#include "core/log.h"
#include "http/message.h"
#include "server/client_policy.h"
#include "server/connection.h"
#include "server/http_server.h"
#include "server/response_text.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace azf {

/// What all drivers of a server share. Everything must outlive them.
struct DriverContext {
  const HttpApplication& application;
  const ClientPolicy& clients;
  const HttpServerOptions& options;
  const Clock& clock;
  const Logger& log;
  const std::atomic<bool>& stopping;
  std::atomic<bool>& told_of_unknown_owners;
};

/// Moves connections on as far as they go without waiting: reads what has come, has complete requests handled, and
/// writes what the peer takes. What a connection needs to go on later stays with it; the driver keeps only memory to
/// use again. Each thread has its own.
class Http1Driver {
 public:
  enum class Role {
    kWorker,      ///< calls the handler
    kGate,        ///< leaves requests for the handler to a worker
    kOverloaded,  ///< answers them 503, because no worker will come to them soon
  };
  enum class Outcome {
    kWaitsForInput,
    kWaitsForOutput,
    kWaitsForWorker,  ///< `unfinished` has a complete request
    kYields,          ///< could go on, but others should have their turn
    kEnded,           ///< to be closed
  };

  explicit Http1Driver(const DriverContext& context);

  /// `connection` is claimed. With `drained_by_short_read` the socket counts as empty when it gives less than was asked
  /// for, which holds for the first look after an event that did not announce the peer's end.
  Outcome drive(Connection& connection, Role role, bool drained_by_short_read);

  /// The connection's deadline has passed: says so to a peer that is in the middle of a request.
  Outcome expire(Connection& connection);

  /// Forgets what it was doing, after an exception.
  void reset() { reader_ = RequestReader(context_.options.limits); }

 private:
  enum class Written { kWhole, kPartly, kFailed };

  Outcome drain(Connection& connection);
  void take_up(Connection& connection, std::string& unread);
  Outcome converse(Connection& connection, std::string_view input, Role role, bool drained_by_short_read);
  // Nothing when the connection goes on at once.
  std::optional<Outcome> answer(Connection& connection, std::string_view& unread, Role role);
  std::optional<Outcome> call_handler(Connection& connection, std::string_view& unread);
  [[nodiscard]] bool closes_after_response() const;
  std::optional<Outcome> respond(Connection& connection, const HttpResponse& response, std::string_view unread);
  std::optional<Outcome> check_owner(Connection& connection);
  Outcome refuse(Connection& connection, const Refusal& refusal);
  Outcome wait_for_input(Connection& connection);
  Outcome wait_for_worker(Connection& connection, std::string_view unread);
  Outcome yield(Connection& connection, std::string_view unread);
  Outcome end(Connection& connection);
  void keep_request(Connection& connection, std::string_view unread);
  Unfinished& suspend(Connection& connection, Unfinished::Wait wait);
  Written write(Connection& connection, std::string_view head, std::string_view body);
  Written write_rest(Connection& connection);
  std::string_view date();

  const DriverContext context_;
  RequestReader reader_;
  std::unique_ptr<char[]> input_;
  std::string output_;
  std::string date_;
  std::chrono::sys_seconds date_second_ = std::chrono::sys_seconds::min();
};

}  // namespace azf
