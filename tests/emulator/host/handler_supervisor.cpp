#include "emulator/host/handler_supervisor.h"

#include "emulator/wire/coding.h"
#include "emulator/wire/redirects.h"

#include <csignal>
#include <string>
#include <utility>

namespace azf::emulator {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr milliseconds kPollInterval{25};
constexpr int kErrorLimit = 3;
constexpr minutes kErrorWindow{30};
constexpr int kRestartExitCode = 200;
constexpr std::size_t kErrorLinesKept = 3;
constexpr seconds kTerminationGrace{2};

}  // namespace

std::string_view to_string(HandlerState state) {
  switch (state) {
    case HandlerState::kInitializing: return "Initializing";
    case HandlerState::kInitialized: return "Initialized";
    case HandlerState::kFailed: return "Failed";
  }
  return "unknown";
}

Result<std::unique_ptr<HandlerSupervisor>> HandlerSupervisor::start(const FunctionApp& app, Variables environment,
                                                                    const Console& console, const Clock& clock,
                                                                    Observers observers) {
  auto port = find_free_port();
  if (!port) return with_context(std::move(port).error(), "no port for the handler");
  return std::unique_ptr<HandlerSupervisor>(
      new HandlerSupervisor(app, std::move(environment), console, clock, std::move(observers), *port));
}

HandlerSupervisor::HandlerSupervisor(const FunctionApp& app, Variables environment, const Console& console,
                                     const Clock& clock, Observers observers, int port)
    : app_(app),
      environment_(std::move(environment)),
      console_(console),
      clock_(clock),
      observers_(std::move(observers)),
      client_(port, clock),
      thread_([this] { run(); }) {}

HandlerSupervisor::~HandlerSupervisor() { stop(); }

void HandlerSupervisor::stop() {
  bool serves = false;
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    serves = status_.state == HandlerState::kInitialized;
    changed_.notify_all();
  }
  if (!serves) client_.close();  // ends a probe that is never answered
  if (thread_.joinable()) thread_.join();
  client_.close();
}

void HandlerSupervisor::run() {
  for (;;) {
    const Ending ending = run_once();
    if (ending == Ending::kStop || ending == Ending::kNoRestart) return;
    if (ending == Ending::kFreeRestart) continue;
    if (!count_error()) {
      fail("Exceeded http worker restart retry count. Shutting down Functions Host");
      return;
    }
  }
}

HandlerSupervisor::Ending HandlerSupervisor::run_once() {
  const std::string worker_id = new_guid();
  {
    const MutexLock lock(mutex_);
    if (stopping_ || status_.state == HandlerState::kFailed) return Ending::kStop;
    status_.state = HandlerState::kInitializing;
    exit_code_.reset();
    restart_wanted_ = false;
    last_error_lines_.clear();
  }
  const LaunchCommand command = launch_command(app_, environment_, client_.port(), worker_id);
  auto process = HandlerProcess::start(
      command, [this, worker_id](OutputStream stream, std::string_view line) { report_line(stream, line, worker_id); },
      [this](int code) {
        const MutexLock lock(mutex_);
        exit_code_ = code;
        changed_.notify_all();
      });
  if (!process) {
    // The host raises no restart event here; the handler stays "initializing" for good.
    console_.write(LogLevel::kError, kHostCategory, "Failed to start Worker Channel. " + process.error().message);
    return Ending::kNoRestart;
  }
  const pid_t pid = (*process)->pid();
  {
    const MutexLock lock(mutex_);
    status_.pid = pid;
    ++status_.starts;
  }
  const bool serves = probe();
  HandlerStatus ready;
  {
    const MutexLock lock(mutex_);
    if (serves && !stopping_ && status_.state != HandlerState::kFailed && (!exit_code_ || *exit_code_ == 0)) {
      status_.state = HandlerState::kInitialized;
      changed_.notify_all();
    }
    ready = status_;
  }
  if (ready.state == HandlerState::kInitialized) {
    console_.write(LogLevel::kDebug, kHostCategory, "Worker process started and initialized.");
    observers_.on_ready(ready);
  }

  bool stop = false;
  bool restart = false;
  std::optional<int> code;
  {
    const MutexLock lock(mutex_);
    // A process that ended with 0 after it had served stays "initialized": calls fail until something restarts it.
    while (serves && !stopping_ && !restart_wanted_ && (!exit_code_ || *exit_code_ == 0)) {
      if (exit_code_ && status_.pid) {
        status_.pid.reset();
        status_.last_exit_code = 0;
      }
      changed_.wait(mutex_);
    }
    stop = stopping_;
    restart = restart_wanted_;
    code = exit_code_;
  }
  end_process(**process, stop ? kTerminationGrace : seconds(0));
  std::string last_lines;
  {
    const MutexLock lock(mutex_);
    status_.pid.reset();
    status_.last_exit_code = exit_code_;
    if (status_.state == HandlerState::kInitialized) status_.state = HandlerState::kInitializing;
    for (const auto& line : last_error_lines_) last_lines.append(" ").append(line);
  }
  if (stop) return Ending::kStop;
  if (restart) return Ending::kFreeRestart;
  if (!serves && (!code || *code == 0)) {
    console_.write(LogLevel::kError, kHostCategory, "Initializing HttpWorker timed out.");
    return Ending::kCountedRestart;
  }
  if (code == kRestartExitCode) {
    console_.write(LogLevel::kInfo, kHostCategory,
                   "Language Worker Process exited with code 200: it needs to be restarted.");
    return Ending::kFreeRestart;
  }
  console_.write(LogLevel::kError, kHostCategory,
                 "Language Worker Process exited. Pid=" + std::to_string(pid) + ". " + command.program +
                     " exited with code " + std::to_string(code.value_or(0)) + "." + last_lines);
  return Ending::kCountedRestart;
}

bool HandlerSupervisor::probe() {
  Request request;
  request.headers = {{"Host", "127.0.0.1:" + std::to_string(client_.port())}};
  // A handler that accepts and never answers holds the probe for the host's client time-out.
  const auto limit = app_.settings.function_timeout;
  const Deadline deadline = limit ? Deadline::after(clock_, *limit + minutes(1)) : Deadline::never();
  const auto polls = app_.settings.initialization_timeout / kPollInterval + 1;
  for (std::int64_t poll = 0; poll < polls; ++poll) {
    {
      const MutexLock lock(mutex_);
      const bool crashed = exit_code_ && *exit_code_ != 0;
      if (stopping_ || crashed) return false;
    }
    const auto reply = app_.settings.forwards_http ? client_.send(request, deadline)
                                                   : send_following_redirects(client_, request, deadline);
    // Anything but a refused connection and a time-out counts as "it serves", also a connection that just breaks.
    if (reply || reply.error().kind != ErrorKind::kNotFound) {
      return reply || reply.error().kind != ErrorKind::kTimeout;
    }
    const MutexLock lock(mutex_);
    if (!stopping_) changed_.wait_until(mutex_, clock_.steady_now() + kPollInterval);
  }
  return false;
}

void HandlerSupervisor::end_process(HandlerProcess& process, seconds grace) {
  const auto ended_by = [this](SteadyTime instant) {
    const MutexLock lock(mutex_);
    while (!exit_code_) {
      if (!changed_.wait_until(mutex_, instant)) break;
    }
    return exit_code_.has_value();
  };
  if (grace > seconds(0)) process.send_signal(SIGTERM);
  if (!ended_by(clock_.steady_now() + grace)) process.send_signal(SIGKILL);
  while (!ended_by(clock_.steady_now() + seconds(1))) {
  }
  client_.break_connections();
}

void HandlerSupervisor::report_line(OutputStream stream, std::string_view line, std::string_view worker_id) {
  const ConsoleRecord record = classify_line(stream, line, app_.settings.stderr_is_for_errors_only, worker_id);
  if (record.level == LogLevel::kError) {
    const MutexLock lock(mutex_);
    last_error_lines_.emplace_back(line);
    if (last_error_lines_.size() > kErrorLinesKept) last_error_lines_.pop_front();
  }
  console_.write(record.is_system_log ? LogLevel::kDebug : record.level, record.category, record.text);
}

bool HandlerSupervisor::count_error() {
  const SteadyTime now = clock_.steady_now();
  if (last_error_ && now - *last_error_ > kErrorWindow) error_count_ = 0;
  last_error_ = now;
  return ++error_count_ < kErrorLimit;
}

void HandlerSupervisor::fail(std::string_view why) {
  {
    const MutexLock lock(mutex_);
    if (status_.state == HandlerState::kFailed) return;
    status_.state = HandlerState::kFailed;
    changed_.notify_all();
  }
  console_.write(LogLevel::kError, kHostCategory, why);
  observers_.on_failure();
}

Result<int> HandlerSupervisor::wait_until_ready() {
  const SteadyTime limit = clock_.steady_now() + 4 * app_.settings.initialization_timeout;
  {
    const MutexLock lock(mutex_);
    for (;;) {
      if (stopping_ || status_.state == HandlerState::kFailed) {
        return Error{ErrorKind::kInternal, "the host is shutting down"};
      }
      if (status_.state == HandlerState::kInitialized) return status_.starts;
      if (!changed_.wait_until(mutex_, limit)) break;
    }
  }
  fail("Final functionDispatcher state: Initializing. Initialization timed out and host is shutting down");
  return Error{ErrorKind::kTimeout, "the handler did not begin to serve"};
}

void HandlerSupervisor::restart(int start) {
  const MutexLock lock(mutex_);
  if (status_.starts != start || status_.state != HandlerState::kInitialized) return;
  restart_wanted_ = true;
  status_.state = HandlerState::kInitializing;
  changed_.notify_all();
}

HandlerStatus HandlerSupervisor::status() const {
  const MutexLock lock(mutex_);
  return status_;
}

}  // namespace azf::emulator
