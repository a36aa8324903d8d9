#pragma once

#include "core/environment.h"
#include "core/mutex.h"
#include "http/transport.h"
#include "identity/process_runner.h"
#include "support/fake_clock.h"
#include "vector_runner/scenario.h"

#include <map>
#include <string>
#include <vector>

namespace azf::test {

/// A request that reached a stand-in, with the instants between which it was answered. Value.
struct SentRequest {
  HttpRequest request;
  SteadyTime began;
  SteadyTime ended;
  SystemTime wall_clock;
};

/// Answers requests from a scenario's replies, keeping to the limits of `SendOptions` as the real transport does.
/// Time passes on the fake clock; a reply with a delay blocks in real time too, for so long that other callers meet
/// it under way. Thread-safe.
class StandInTransport final : public HttpTransport {
 public:
  /// With a `socket_port`, only what would reach that port of this machine, directly or through a proxy that
  /// `environment` names, is answered and counted.
  StandInTransport(std::vector<ScriptedReply> replies, std::string socket_port, const Environment& environment,
                   FakeClock& clock);

  Result<HttpResponse> send(const HttpRequest& request, const SendOptions& options) override;

  /// In the order in which they began.
  [[nodiscard]] std::vector<SentRequest> sent() const;

 private:
  [[nodiscard]] bool reaches_socket(const HttpRequest& request, const SendOptions& options) const;
  /// Null where no reply is for that URL.
  const ScriptedReply* next_reply(const std::string& url) REQUIRES(mutex_);

  const std::vector<ScriptedReply> replies_;
  const std::string socket_port_;
  const Environment& environment_;
  FakeClock& clock_;

  mutable Mutex mutex_;
  std::vector<bool> used_ GUARDED_BY(mutex_);
  std::vector<SentRequest> sent_ GUARDED_BY(mutex_);
};

/// Answers for command line tools from a scenario's script; runs nothing. Thread-safe.
class ScriptedTools final : public identity::ProcessRunner {
 public:
  ScriptedTools(std::map<std::string, ScriptedTool> tools, FakeClock& clock);

  Result<identity::ProcessOutput> run(const identity::ProcessCommand& command, Deadline deadline) override;

  /// The command lines of the tools that were started, each beginning with the tool's name.
  [[nodiscard]] std::vector<std::vector<std::string>> command_lines() const;

 private:
  const std::map<std::string, ScriptedTool> tools_;
  FakeClock& clock_;

  mutable Mutex mutex_;
  std::vector<std::vector<std::string>> command_lines_ GUARDED_BY(mutex_);
};

}  // namespace azf::test
