#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "core/mutex.h"
#include "emulator/host/host.h"
#include "emulator/wire/http_client.h"
#include "support/memory_log.h"

#include <memory>
#include <optional>
#include <string>

namespace azf::emulator {

/// An emulated host on a free port, with a real handler process.
class RunningHost {
 public:
  explicit RunningHost(FunctionApp app, Host::Options options = {}, Variables environment = {});
  RunningHost(const RunningHost&) = delete;
  RunningHost& operator=(const RunningHost&) = delete;

  /// Waits until the handler has become ready `times` times; the status of that time.
  HandlerStatus wait_until_ready(int times = 1);
  /// Waits until the host gives up.
  void wait_for_failure();

  /// Of the public front.
  [[nodiscard]] int port() const { return client_->port(); }
  /// Fails the test when there is no reply.
  Reply send(const Request& request);
  Reply get(const std::string& target);
  Reply post(const std::string& target, const std::string& body, const std::string& type = "text/plain");
  /// What the handler was asked, once that are `count` requests.
  Json seen(int count);
  /// `/emulator/handler`.
  Json handler_status();

  /// All console records so far.
  [[nodiscard]] std::string log() const { return sink_.text(); }
  /// Ends the host, and with it the handler.
  void stop() { host_.reset(); }

 private:
  const SystemClock clock_;
  test::MemoryLogSink sink_;
  const Console console_;

  Mutex mutex_;
  ConditionVariable changed_;
  std::vector<HandlerStatus> ready_ GUARDED_BY(mutex_);
  bool failed_ GUARDED_BY(mutex_) = false;

  std::unique_ptr<LoopbackClient> client_;
  std::unique_ptr<Host> host_;
};

}  // namespace azf::emulator
