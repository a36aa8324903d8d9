#include "server/http1_driver.h"

#include "core/time_text.h"
#include "http/url.h"
#include "server/streamed_exchange.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <sys/socket.h>
#include <sys/uio.h>
#include <utility>

namespace azf {
namespace {

constexpr std::size_t kInputBytes = std::size_t{64} << 10;
// A longer body is written from where it is, behind the head.
constexpr std::size_t kCopiedBodyBytes = std::size_t{8} << 10;
// So much of one connection, reads and responses, before others have their turn.
constexpr int kStepsPerTurn = 32;
// How long a peer may go on sending after its response before the connection is reset.
constexpr std::chrono::seconds kPeerCloseLimit{1};

void set_deadline(Connection& connection, SteadyTime deadline) {
  connection.deadline.store(deadline.time_since_epoch().count(), std::memory_order_relaxed);
}

HttpResponse problem(const Refusal& refusal) {
  HttpResponse response{.status = refusal.status, .headers = {{"Content-Type", "application/problem+json"}}};
  response.body.append(R"({"title":")").append(reason_phrase(refusal.status));
  response.body.append(R"(","status":)").append(std::to_string(refusal.status));
  response.body.append(R"(,"detail":")").append(refusal.detail).append("\"}");
  return response;
}

HttpResponse overloaded() {
  HttpResponse response = problem({503, "All workers are busy, and so many requests wait that this one cannot."});
  response.headers.add("Retry-After", "1");
  return response;
}

ssize_t send_both(int socket, std::string_view head, std::string_view body) {
  if (body.empty()) return ::send(socket, head.data(), head.size(), MSG_NOSIGNAL);
  std::array<iovec, 2> parts = {iovec{const_cast<char*>(head.data()), head.size()},
                                iovec{const_cast<char*>(body.data()), body.size()}};
  msghdr message{};
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  return ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

}  // namespace

Http1Driver::Http1Driver(const DriverContext& context)
    : context_(context), reader_(context.options.limits), input_(new char[kInputBytes]) {}

Http1Driver::Outcome Http1Driver::drive(Connection& connection, Role role, bool drained_by_short_read) {
  std::string unread;
  if (Unfinished* unfinished = connection.unfinished.get()) {
    if (unfinished->wait == Unfinished::Wait::kPeerClose) return drain(connection);
    if (unfinished->wait == Unfinished::Wait::kOutput) {
      const Written written = write_rest(connection);
      if (written == Written::kFailed) return Outcome::kEnded;
      if (written == Written::kPartly) return Outcome::kWaitsForOutput;
      if (unfinished->closes) return end(connection);
    }
    take_up(connection, unread);
  }
  const Outcome outcome = converse(connection, unread, role, drained_by_short_read);
  if (outcome == Outcome::kEnded) reader_.reset();  // of a request that will never be complete
  return outcome;
}

void Http1Driver::take_up(Connection& connection, std::string& unread) {
  Unfinished& unfinished = *connection.unfinished;
  if (unfinished.request) reader_ = *std::exchange(unfinished.request, std::nullopt);
  unread = std::exchange(unfinished.unread, {});
  unfinished.output = {};
}

Http1Driver::Outcome Http1Driver::converse(Connection& connection, std::string_view input, Role role,
                                           bool drained_by_short_read) {
  bool drained = false;
  bool unseen = !input.empty() || !reader_.untouched();  // whether the reader may have something to say
  for (int step = 0; step < kStepsPerTurn; ++step) {
    if (!unseen) {
      const ssize_t received = ::recv(connection.socket, input_.get(), kInputBytes, 0);
      if (received == 0) return Outcome::kEnded;
      if (received < 0 && errno == EINTR) continue;
      if (received < 0) return errno == EAGAIN ? wait_for_input(connection) : Outcome::kEnded;
      input = {input_.get(), static_cast<std::size_t>(received)};
      drained = drained_by_short_read && input.size() < kInputBytes;
    }
    const auto progress = reader_.read(input);
    if (progress == RequestReader::Progress::kRefused) return refuse(connection, reader_.refusal());
    const bool streams = reader_.in_body() && context_.application.streams_body(reader_.request());
    if (progress == RequestReader::Progress::kComplete || streams) {
      const auto outcome = answer(connection, input, role);
      if (outcome) return *outcome;
    } else if (reader_.expects_continue()) {
      if (write(connection, kContinue, {}) != Written::kWhole) return Outcome::kEnded;
      reader_.continued();
    }
    unseen = !input.empty();
    if (!unseen && drained) return wait_for_input(connection);
  }
  return yield(connection, input);
}

std::optional<Http1Driver::Outcome> Http1Driver::answer(Connection& connection, std::string_view& unread, Role role) {
  const HttpRequest& request = reader_.request();
  const bool has_no_body = reader_.complete() && request.body.empty();
  if (reader_.asks_server() || (has_no_body && context_.application.is_probe(request))) {
    return respond(connection, {}, unread);
  }
  if (!connection.owner_checked) {
    if (const auto outcome = check_owner(connection)) return outcome;
  }
  if (role == Role::kGate) return wait_for_worker(connection, unread);
  if (role == Role::kOverloaded) return respond(connection, overloaded(), unread);
  return call_handler(connection, unread);
}

std::optional<Http1Driver::Outcome> Http1Driver::call_handler(Connection& connection, std::string_view& unread) {
  StreamedExchange exchange({.socket = connection.socket,
                             .reader = reader_,
                             .unread = unread,
                             .buffer = {input_.get(), kInputBytes},
                             .options = context_.options,
                             .clock = context_.clock,
                             .date = date(),
                             .closes = closes_after_response()});
  const HttpResponse response = context_.application.handler(reader_.request(), exchange.streams());
  // What is wrong with a body that is read piece by piece is answered like any other; the handler knows no status of
  // it.
  if (!exchange.begun() && reader_.refused()) return refuse(connection, reader_.refusal());
  if (!exchange.begun()) return respond(connection, response, unread);
  const auto end_of_response = exchange.finish();
  connection.unfinished.reset();
  reader_.reset();
  switch (end_of_response) {
    case StreamedExchange::End::kKeepsAlive: return std::nullopt;
    case StreamedExchange::End::kCloses: return end(connection);
    case StreamedExchange::End::kBroken: break;
  }
  return Outcome::kEnded;
}

bool Http1Driver::closes_after_response() const {
  return !reader_.keeps_alive() || context_.stopping.load(std::memory_order_relaxed);
}

// Once for each connection, behind the probe, which has no need of it.
std::optional<Http1Driver::Outcome> Http1Driver::check_owner(Connection& connection) {
  const OwnerVerdict verdict = context_.clients.owner_of(connection.socket);
  connection.owner_checked = true;
  switch (verdict.kind) {
    case OwnerVerdict::Kind::kAdmitted: return std::nullopt;
    case OwnerVerdict::Kind::kUnknown:
      if (!context_.told_of_unknown_owners.exchange(true)) {
        context_.log.info("who connects is not checked", {{"reason", verdict.reason}});
      }
      return std::nullopt;
    case OwnerVerdict::Kind::kGone: return Outcome::kEnded;
    case OwnerVerdict::Kind::kRefused: break;
  }
  context_.log.warning("connection refused", {{"reason", verdict.reason}});
  return refuse(connection, {403, "Only the Functions host, or the user that it runs as, may connect."});
}

std::optional<Http1Driver::Outcome> Http1Driver::respond(Connection& connection, const HttpResponse& response,
                                                         std::string_view unread) {
  const bool closes = closes_after_response() || !reader_.complete();  // the rest of a body may still come
  const ResponseFraming framing{.to_head_request = reader_.request().method == Method::kHead,
                                .closes = closes,
                                .says_keep_alive = reader_.is_http_1_0(),
                                .date = date()};
  output_.clear();
  const std::size_t left_out = append_response_head(output_, response, framing);
  if (left_out > 0) {
    context_.log.error(
        "response fields left out: a name or a value that no header can hold",
        {{"fields", std::to_string(left_out)}, {"path", std::string(split_target(reader_.request().url).path)}});
  }
  std::string_view body;
  if (has_body(response, framing)) body = response.body;
  if (body.size() <= kCopiedBodyBytes) {
    output_.append(body);
    body = {};
  }
  connection.unfinished.reset();
  reader_.reset();
  switch (write(connection, output_, body)) {
    case Written::kWhole: break;
    case Written::kFailed: return Outcome::kEnded;
    case Written::kPartly:
      connection.unfinished->closes = closes;
      connection.unfinished->unread = unread;
      return Outcome::kWaitsForOutput;
  }
  if (closes) return end(connection);
  return std::nullopt;
}

Http1Driver::Outcome Http1Driver::refuse(Connection& connection, const Refusal& refusal) {
  context_.log.info("request refused",
                    {{"status", std::to_string(refusal.status)}, {"reason", std::string(refusal.detail)}});
  const ResponseFraming framing{
      .to_head_request = reader_.request().method == Method::kHead, .closes = true, .date = date()};
  const HttpResponse response = problem(refusal);
  output_.clear();
  append_response_head(output_, response, framing);
  if (has_body(response, framing)) output_.append(response.body);
  connection.unfinished.reset();
  reader_.reset();
  switch (write(connection, output_, {})) {
    case Written::kWhole: return end(connection);
    case Written::kFailed: return Outcome::kEnded;
    case Written::kPartly: connection.unfinished->closes = true; break;
  }
  return Outcome::kWaitsForOutput;
}

Http1Driver::Outcome Http1Driver::expire(Connection& connection) {
  if (connection.unfinished) {
    const auto wait = connection.unfinished->wait;
    if (wait == Unfinished::Wait::kHead) return refuse(connection, {408, "The head of the request took too long."});
    if (wait == Unfinished::Wait::kBody) return refuse(connection, {408, "The body of the request came too slowly."});
  }
  return Outcome::kEnded;
}

// The socket has nothing more for now.
Http1Driver::Outcome Http1Driver::wait_for_input(Connection& connection) {
  if (!reader_.untouched()) {
    keep_request(connection, {});
  } else if (context_.stopping.load(std::memory_order_relaxed)) {
    return Outcome::kEnded;
  } else {
    connection.unfinished.reset();
    set_deadline(connection, context_.clock.coarse_now().steady + context_.options.idle_timeout);
  }
  return Outcome::kWaitsForInput;
}

Http1Driver::Outcome Http1Driver::wait_for_worker(Connection& connection, std::string_view unread) {
  Unfinished& unfinished = suspend(connection, Unfinished::Wait::kWorker);
  unfinished.request = std::exchange(reader_, RequestReader(context_.options.limits));
  unfinished.unread = unread;
  return Outcome::kWaitsForWorker;
}

Http1Driver::Outcome Http1Driver::yield(Connection& connection, std::string_view unread) {
  if (!reader_.untouched() || !unread.empty()) keep_request(connection, unread);
  return Outcome::kYields;
}

// Its total deadline does not move with each byte that comes: for a head it is fixed, for a body it allows the slowest
// rate from the beginning.
void Http1Driver::keep_request(Connection& connection, std::string_view unread) {
  const HttpServerOptions& options = context_.options;
  const bool in_body = reader_.in_body();
  Unfinished& unfinished = suspend(connection, in_body ? Unfinished::Wait::kBody : Unfinished::Wait::kHead);
  const std::size_t received = reader_.request().body.size();
  set_deadline(connection, unfinished.since + (in_body ? options.transfer_limit(received) : options.head_timeout));
  unfinished.request = std::exchange(reader_, RequestReader(options.limits));
  unfinished.unread = unread;
}

Unfinished& Http1Driver::suspend(Connection& connection, Unfinished::Wait wait) {
  auto& unfinished = connection.unfinished;
  if (!unfinished) unfinished = std::make_unique<Unfinished>();
  if (unfinished->wait != wait || unfinished->since == SteadyTime{}) {
    unfinished->wait = wait;
    unfinished->since = context_.clock.coarse_now().steady;
  }
  return *unfinished;
}

// The last response is written. What the peer still sends is thrown away for a while, because a socket that is closed
// with unread bytes resets the connection, and the peer may lose the response.
Http1Driver::Outcome Http1Driver::end(Connection& connection) {
  ::shutdown(connection.socket, SHUT_WR);
  if (context_.stopping.load(std::memory_order_relaxed)) return Outcome::kEnded;
  suspend(connection, Unfinished::Wait::kPeerClose);
  set_deadline(connection, context_.clock.coarse_now().steady + kPeerCloseLimit);
  return drain(connection);
}

Http1Driver::Outcome Http1Driver::drain(Connection& connection) {
  for (int step = 0; step < kStepsPerTurn; ++step) {
    const ssize_t received = ::recv(connection.socket, input_.get(), kInputBytes, 0);
    if (received == 0 || (received < 0 && errno != EAGAIN && errno != EINTR)) return Outcome::kEnded;
    if (received < 0 && errno == EAGAIN) return Outcome::kWaitsForInput;
  }
  return Outcome::kYields;
}

// Writes as much as the socket takes; the rest waits in `unfinished`.
Http1Driver::Written Http1Driver::write(Connection& connection, std::string_view head, std::string_view body) {
  while (!head.empty() || !body.empty()) {
    const ssize_t sent = send_both(connection.socket, head, body);
    if (sent >= 0) {
      const auto of_head = std::min(head.size(), static_cast<std::size_t>(sent));
      head.remove_prefix(of_head);
      body.remove_prefix(static_cast<std::size_t>(sent) - of_head);
    } else if (errno == EAGAIN) {
      Unfinished& unfinished = suspend(connection, Unfinished::Wait::kOutput);
      unfinished.output.assign(head).append(body);
      set_deadline(connection, unfinished.since + context_.options.transfer_limit(0));
      return Written::kPartly;
    } else if (errno != EINTR) {
      return Written::kFailed;
    }
  }
  return Written::kWhole;
}

Http1Driver::Written Http1Driver::write_rest(Connection& connection) {
  Unfinished& unfinished = *connection.unfinished;
  while (unfinished.sent < unfinished.output.size()) {
    const std::string_view rest = std::string_view(unfinished.output).substr(unfinished.sent);
    const ssize_t sent = ::send(connection.socket, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      unfinished.sent += static_cast<std::size_t>(sent);
    } else if (errno == EAGAIN) {
      set_deadline(connection, unfinished.since + context_.options.transfer_limit(unfinished.sent));
      return Written::kPartly;
    } else if (errno != EINTR) {
      return Written::kFailed;
    }
  }
  return Written::kWhole;
}

std::string_view Http1Driver::date() {
  const SystemTime now = context_.clock.coarse_now().system;
  const auto second = std::chrono::floor<std::chrono::seconds>(now);
  if (second != date_second_) {
    date_ = to_http_date(now);
    date_second_ = second;
  }
  return date_;
}

}  // namespace azf
