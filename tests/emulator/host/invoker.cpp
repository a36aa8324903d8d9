#include "emulator/host/invoker.h"

#include "emulator/host/forwarding.h"
#include "emulator/host/proxying.h"
#include "emulator/wire/coding.h"
#include "emulator/wire/redirects.h"

#include <algorithm>
#include <string>
#include <utility>

namespace azf::emulator {
namespace {

using std::chrono::milliseconds;

constexpr std::chrono::seconds kProxyIdleLimit{240};
// Of the host's proxy, for a handler that cannot be reached (azure-functions-host, `RetryProxyHandler.cs`).
constexpr int kProxyAttempts = 10;
constexpr milliseconds kFirstProxyPause{50};
constexpr milliseconds kLongestProxyPause{250};

// Without the headers of the handler's connection.
class ProxiedReply final : public ReplyWriter {
 public:
  explicit ProxiedReply(ReplyWriter& caller) : caller_(caller) {}

  Result<Success> begin(const Reply& head) override {
    return caller_.begin({head.status, head.reason, proxied_headers(head.headers), ""});
  }
  Result<Success> write(std::string_view bytes) override { return caller_.write(bytes); }
  [[nodiscard]] bool begun() const override { return caller_.begun(); }
  [[nodiscard]] bool abandoned() const override { return caller_.abandoned(); }

 private:
  ReplyWriter& caller_;
};

// What the caller gets where the proxy has no reply of the handler (dotnet/yarp, `HttpForwarder.cs`).
int proxy_status(ErrorKind kind) {
  if (kind == ErrorKind::kTimeout) return 504;
  return kind == ErrorKind::kInternal ? 500 : 502;
}

std::string milliseconds_text(std::chrono::nanoseconds duration) {
  return std::to_string(std::chrono::duration_cast<milliseconds>(duration).count()) + "ms";
}

}  // namespace

Invoker::Invoker(const FunctionApp& app, HandlerSupervisor& supervisor, QueueStorage& queues, const StopSignal& stop,
                 const Console& console, const Clock& clock, Framing framing)
    : app_(app),
      supervisor_(supervisor),
      queues_(queues),
      stop_(stop),
      console_(console),
      clock_(clock),
      framing_(framing) {}

template <typename T>
Result<T> Invoker::logged(const FunctionDefinition& function, std::string_view reason,
                          const std::function<Result<T>(std::string_view id)>& work) {
  const std::string id = new_guid();
  const std::string name = "'Functions." + function.name + "'";
  console_.write(LogLevel::kInfo, "Function." + function.name,
                 "Executing " + name + " (Reason='" + std::string(reason) + "', Id=" + id + ")");
  const SteadyTime begin = clock_.steady_now();
  auto outcome = work(id);
  const std::string duration = milliseconds_text(clock_.steady_now() - begin);
  if (outcome) {
    console_.write(LogLevel::kInfo, "Function." + function.name,
                   "Executed " + name + " (Succeeded, Id=" + id + ", Duration=" + duration + ")");
  } else {
    console_.write(
        LogLevel::kError, "Function." + function.name,
        "Executed " + name + " (Failed, Id=" + id + ", Duration=" + duration + ") " + outcome.error().message);
  }
  return outcome;
}

std::optional<Reply> Invoker::invoke_http(const RouteTable::Match& match, const Request& request, Caller caller,
                                          ReplyWriter& writer) {
  const FunctionDefinition& function = match.function;
  const bool plain = function.is_http_in_and_out();
  const auto reply = logged<Reply>(function, "This function was programmatically called via the host APIs.",
                                   [&](std::string_view id) -> Result<Reply> {
                                     if (app_.settings.proxies_http && plain) {
                                       const auto proxied = proxy(request, id, writer);
                                       // The host takes a caller that has gone for no failure of the function.
                                       if (proxied || proxied.error().kind == ErrorKind::kCancelled) return Reply{};
                                       return proxied.error();
                                     }
                                     if (app_.settings.forwards_http && plain) return forward(request, id);
                                     const Json envelope =
                                         http_envelope(function, request, match.values, caller, clock_.system_now());
                                     const auto result = exchange_envelope(function, envelope, id);
                                     if (!result) return result.error();
                                     return http_output(*result, function);
                                   });
  if (reply) return *reply;
  if (writer.begun()) return std::nullopt;
  return Reply{app_.settings.proxies_http && plain ? proxy_status(reply.error().kind) : 500, "", {}, ""};
}

Result<Success> Invoker::invoke(const FunctionDefinition& function, const Json& envelope, std::string_view reason) {
  return logged<Success>(function, reason, [&](std::string_view id) -> Result<Success> {
    auto result = exchange_envelope(function, envelope, id);
    if (!result) return std::move(result).error();
    return Success{};
  });
}

Result<Reply> Invoker::forward(const Request& request, std::string_view id) {
  const auto forwarded = forwarded_request(request, id);
  if (!forwarded) return forwarded.error();
  auto reply = send(*forwarded, false, id);
  if (!reply) return reply;
  return forwarded_reply(std::move(*reply));
}

Deadline Invoker::function_deadline() const {
  const auto limit = app_.settings.function_timeout;
  return limit ? Deadline::after(clock_, *limit) : Deadline::never();
}

Result<Success> Invoker::proxy(const Request& request, std::string_view id, ReplyWriter& writer) {
  const Deadline deadline = function_deadline();
  auto pause = kFirstProxyPause;
  for (int attempt = 1;; ++attempt) {
    const auto start = supervisor_.wait_until_ready();
    if (!start) return start.error();
    LoopbackClient& client = supervisor_.client();
    ProxiedReply reply(writer);
    auto outcome = client.stream(proxied_request(request, id, client.port()), kProxyIdleLimit, deadline, reply);
    if (outcome || outcome.error().kind == ErrorKind::kCancelled || writer.begun()) return outcome;
    if (outcome.error().kind == ErrorKind::kTimeout) {
      if (deadline.passed(clock_) && !stop_.stop_requested()) give_up(*start, id);
      return outcome;
    }
    // A body that was on its way once cannot be sent again.
    const bool sent = !request.body.empty() && outcome.error().kind != ErrorKind::kNotFound;
    if (sent || attempt == kProxyAttempts || stop_.wait(Deadline::after(clock_, pause))) return outcome;
    pause = std::min(pause * 2, kLongestProxyPause);
  }
}

Result<InvocationResult> Invoker::exchange_envelope(const FunctionDefinition& function, const Json& envelope,
                                                    std::string_view id) {
  Request request{"POST", "/" + function.name, {}, to_text(envelope)};
  request.headers.push_back({"Host", "127.0.0.1:" + std::to_string(supervisor_.client().port())});
  add_invocation_headers(request.headers, id);
  if (framing_ == Framing::kChunked) request.headers.push_back({"Transfer-Encoding", "chunked"});
  request.headers.push_back({"Content-Type", "application/json; charset=utf-8"});
  if (framing_ == Framing::kContentLength) {
    request.headers.push_back({"Content-Length", std::to_string(request.body.size())});
  }
  const SteadyTime begin = clock_.steady_now();
  const auto reply = send(request, !app_.settings.forwards_http, id);
  if (!reply) return reply.error();
  auto result = parse_invocation_reply(*reply, function);
  if (!result) return result;
  if (result->hangs) {
    console_.write(LogLevel::kWarning, kHostCategory,
                   "The handler answered invocation " + std::string(id) +
                       " with an empty body. The host never gets a result from that: send at least {}.");
    const auto limit = app_.settings.function_timeout;
    const Deadline deadline = limit ? Deadline::at(begin + *limit) : Deadline::never();
    const int start = supervisor_.status().starts;
    if (!stop_.wait(deadline)) supervisor_.restart(start);
    return Error{ErrorKind::kTimeout, "Timeout value exceeded: the handler gave no result"};
  }
  for (const auto& line : result->logs) console_.write(LogLevel::kInfo, "Function." + function.name + ".User", line);
  pass_on_outputs(function, *result);
  return result;
}

Result<Reply> Invoker::send(const Request& request, bool follow_redirects, std::string_view id) {
  const auto start = supervisor_.wait_until_ready();
  if (!start) return start.error();
  const Deadline deadline = function_deadline();
  auto reply = follow_redirects ? send_following_redirects(supervisor_.client(), request, deadline)
                                : supervisor_.client().send(request, deadline);
  if (!reply && reply.error().kind == ErrorKind::kTimeout && !stop_.stop_requested()) give_up(*start, id);
  return reply;
}

void Invoker::give_up(int start, std::string_view id) {
  console_.write(LogLevel::kError, kHostCategory,
                 "Timeout value of functionTimeout was exceeded by invocation " + std::string(id) +
                     ". The handler is killed and started again.");
  supervisor_.restart(start);
}

void Invoker::pass_on_outputs(const FunctionDefinition& function, const InvocationResult& result) {
  for (const auto& binding : function.bindings) {
    if (binding.direction != Direction::kOut || binding.is("http")) continue;
    auto items = collected_output(result, binding);
    if (binding.is("queue")) {
      for (auto& item : items) queues_.put(binding.text("queueName"), std::move(item));
    } else if (!items.empty()) {
      console_.write(LogLevel::kWarning, kHostCategory,
                     "The output \"" + binding.name + "\" of type " + binding.type +
                         " is dropped: this emulator has no such service.");
    }
  }
}

}  // namespace azf::emulator
