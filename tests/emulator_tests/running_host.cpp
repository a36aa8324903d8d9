#include "emulator_tests/running_host.h"

#include <doctest/doctest.h>

#include <chrono>
#include <utility>

namespace azf::emulator {

RunningHost::RunningHost(FunctionApp app, Host::Options options, Variables environment)
    : console_(sink_, clock_, {LogFormat::kText, false, LogLevel::kDebug}) {
  auto listener = listen_loopback(0);
  REQUIRE(listener);
  client_ = std::make_unique<LoopbackClient>(local_port(*listener), clock_);
  HandlerSupervisor::Observers observers;
  observers.on_ready = [this](const HandlerStatus& status) {
    const MutexLock lock(mutex_);
    ready_.push_back(status);
    changed_.notify_all();
  };
  observers.on_failure = [this] {
    const MutexLock lock(mutex_);
    failed_ = true;
    changed_.notify_all();
  };
  auto host = Host::start(
      std::move(app), std::move(options), std::move(*listener), std::move(environment),
      [](const Request&) { return std::nullopt; }, console_, clock_, std::move(observers));
  REQUIRE(host);
  host_ = std::move(*host);
}

HandlerStatus RunningHost::wait_until_ready(int times) {
  const MutexLock lock(mutex_);
  while (ready_.size() < static_cast<std::size_t>(times)) changed_.wait(mutex_);
  return ready_[static_cast<std::size_t>(times) - 1];
}

void RunningHost::wait_for_failure() {
  const MutexLock lock(mutex_);
  while (!failed_) changed_.wait(mutex_);
}

Reply RunningHost::send(const Request& request) {
  auto reply = client_->send(request, Deadline::after(clock_, std::chrono::minutes(2)));
  REQUIRE_MESSAGE(reply, reply.error().message);
  return std::move(*reply);
}

Reply RunningHost::get(const std::string& target) { return send({"GET", target, {{"Host", "app.example"}}, ""}); }

Reply RunningHost::post(const std::string& target, const std::string& body, const std::string& type) {
  return send({"POST",
               target,
               {{"Host", "app.example"}, {"Content-Type", type}, {"Content-Length", std::to_string(body.size())}},
               body});
}

Json RunningHost::seen(int count) {
  const Reply reply = get("/api/seen?count=" + std::to_string(count));
  auto json = parse_json(reply.body);
  REQUIRE(json);
  return std::move(*json);
}

Json RunningHost::handler_status() {
  auto json = parse_json(get("/emulator/handler").body);
  REQUIRE(json);
  return std::move(*json);
}

}  // namespace azf::emulator
