#include "vector_runner/stand_ins.h"

#include "http/proxy.h"
#include "http/url.h"

#include <algorithm>
#include <optional>
#include <thread>
#include <utility>

namespace azf::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;

constexpr milliseconds kLongestBlock{50};

// Lets `duration` pass, at most until `limit`; false where the limit came first.
bool pass(FakeClock& clock, nanoseconds duration, nanoseconds limit) {
  if (duration > nanoseconds::zero()) std::this_thread::sleep_for(std::min<nanoseconds>(duration, kLongestBlock));
  clock.advance(std::min(duration, limit));
  return duration <= limit;
}

Error failure_of(const ScriptedReply& reply) {
  const auto kind = reply.failure == "timeout" ? ErrorKind::kTimeout : ErrorKind::kTransport;
  return {kind, "scripted failure: " + reply.failure};
}

HttpResponse response_of(const ScriptedReply& reply) {
  HttpResponse response;
  response.status = reply.status;
  for (const auto& [name, value] : reply.headers) response.headers.add(name, value);
  response.body = reply.body;
  return response;
}

}  // namespace

StandInTransport::StandInTransport(std::vector<ScriptedReply> replies, std::string socket_port,
                                   const Environment& environment, FakeClock& clock)
    : replies_(std::move(replies)),
      socket_port_(std::move(socket_port)),
      environment_(environment),
      clock_(clock),
      used_(replies_.size()) {}

Result<HttpResponse> StandInTransport::send(const HttpRequest& request, const SendOptions& options) {
  const auto url = parse_url(request.url);
  if (!url) return url.error();
  if (url->scheme != "https" && !options.allow_plain_http) {
    return Error{ErrorKind::kInvalidArgument, "plain http is not allowed here"};
  }
  if (options.deadline.passed(clock_)) return Error{ErrorKind::kTimeout, "not sent, as the deadline has passed"};
  if (!socket_port_.empty() && !reaches_socket(request, options)) {
    return Error{ErrorKind::kTransport, "connection refused"};
  }

  std::size_t index = 0;
  const ScriptedReply* reply = nullptr;
  {
    const MutexLock lock(mutex_);
    index = sent_.size();
    sent_.push_back({request, clock_.steady_now(), clock_.steady_now(), clock_.system_now()});
    reply = next_reply(request.url);
  }
  if (reply == nullptr) return Error{ErrorKind::kTransport, "the scenario has no reply for this URL"};

  const auto limit = std::min<nanoseconds>(options.try_timeout, options.deadline.remaining(clock_));
  const bool in_time = pass(clock_, reply->delay, limit);
  {
    const MutexLock lock(mutex_);
    sent_[index].ended = clock_.steady_now();
  }
  if (!in_time) return Error{ErrorKind::kTimeout, "no reply within the time-out"};
  if (!reply->failure.empty()) return failure_of(*reply);
  if (reply->body.size() > options.response_limit_bytes) {
    return Error{ErrorKind::kUnexpectedResponse, "the reply is too long"};
  }
  return response_of(*reply);
}

std::vector<SentRequest> StandInTransport::sent() const {
  const MutexLock lock(mutex_);
  return sent_;
}

bool StandInTransport::reaches_socket(const HttpRequest& request, const SendOptions& options) const {
  const auto is_socket = [&](const std::string& text) {
    const auto url = parse_url(text);
    return url && std::to_string(url->port) == socket_port_;
  };
  const auto url = parse_url(request.url);
  const auto proxy = options.use_proxy && url ? find_proxy(environment_, url->scheme) : std::nullopt;
  return is_socket(proxy ? proxy->url : request.url);
}

const ScriptedReply* StandInTransport::next_reply(const std::string& url) {
  const ScriptedReply* last = nullptr;
  for (std::size_t i = 0; i < replies_.size(); ++i) {
    if (url.find(replies_[i].when) == std::string::npos) continue;
    last = &replies_[i];
    if (!used_[i]) {
      used_[i] = true;
      return last;
    }
  }
  return last;
}

ScriptedTools::ScriptedTools(std::map<std::string, ScriptedTool> tools, FakeClock& clock)
    : tools_(std::move(tools)), clock_(clock) {}

Result<identity::ProcessOutput> ScriptedTools::run(const identity::ProcessCommand& command, Deadline deadline) {
  const std::string name = command.program.substr(command.program.rfind('/') + 1);
  const auto tool = tools_.find(name);
  if (tool == tools_.end()) return Error{ErrorKind::kNotFound, name + " is not on PATH"};
  if (tool->second.no_execute) return Error{ErrorKind::kNotFound, name + " cannot be executed"};
  if (deadline.passed(clock_)) return Error{ErrorKind::kTimeout, name + " was not started"};
  {
    std::vector<std::string> line = command.arguments;
    line.insert(line.begin(), name);
    const MutexLock lock(mutex_);
    command_lines_.push_back(std::move(line));
  }

  identity::ProcessOutput output;
  if (tool->second.exit_first_ok && command.arguments == std::vector<std::string>{"/?"}) return output;
  const auto limit = std::min<nanoseconds>(command.timeout, deadline.remaining(clock_));
  if (!pass(clock_, tool->second.duration, limit)) return Error{ErrorKind::kTimeout, name + " took too long"};
  output.exit_code = tool->second.exit_code;
  output.standard_output = Secret(std::string_view(tool->second.standard_output).substr(0, command.output_limit_bytes));
  output.standard_error = tool->second.standard_error.substr(0, command.output_limit_bytes);
  return output;
}

std::vector<std::vector<std::string>> ScriptedTools::command_lines() const {
  const MutexLock lock(mutex_);
  return command_lines_;
}

}  // namespace azf::test
