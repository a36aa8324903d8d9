#pragma once

#include "core/clock.h"
#include "core/mutex.h"
#include "emulator/host/task_group.h"
#include "emulator/services/bearer_check.h"
#include "emulator/services/python_interpreter.h"
#include "emulator/services/stand_in.h"

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace azf::emulator {

/// A pool of dynamic sessions of Azure Container Apps that really runs Python, in both generations of its interface:
/// `api-version` before 2024-10-02 with `properties` around everything, and since then flat (azure-docs,
/// `container-apps/sessions-code-interpreter.md`; Azure-Samples, `container-apps-dynamic-sessions-samples`).
///
/// - Both answer shapes: 2024-02-02-preview has `result`, 2024-08-02-preview `executionResult`; a synchronous execution
///   is answered by 202 in 2024-10-02-preview and by 200 later.
/// - Code that takes too long: 408 in the first generation, the status `Failed` with an error in the second.
/// - `kSessions` sessions at once; then the one that was idle for longest ends, if that is five minutes, else 429.
class SessionsService final : public StandIn {
 public:
  static constexpr std::string_view kAudience = "https://dynamicsessions.io";
  static constexpr std::size_t kSessions = 16;

  /// Sessions keep their files below `folder`, which exists. `issuer` and `clock` outlive the service.
  SessionsService(std::filesystem::path folder, const TokenIssuer& issuer, const Clock& clock);
  ~SessionsService() override;

  Reply handle(const Request& request, std::string_view path) override;
  [[nodiscard]] Reply failure(int status) const override;
  /// Ends all sessions, with their files.
  void restart() override;
  void stop() override;

 private:
  struct Session;
  struct Call;
  using SessionPointer = std::shared_ptr<Session>;

  Reply handle_first(const Call& call);
  Reply handle_second(const Call& call);
  Reply execute_first(const Call& call);
  Reply execute_second(const Call& call);
  Reply execution_state(const Call& call, const std::string& id);
  Reply session_state(const Call& call);
  Reply list_sessions() const;
  Reply upload(const Call& call);
  Reply list_files(const Call& call) const;
  Reply file(const Call& call, const std::string& name, bool content) const;
  Reply remove_file(const Call& call, const std::string& name) const;

  void stop_sessions();
  // The session of that identifier, which is made if it is not there; null when there is no room for another one.
  SessionPointer open_session(const std::string& identifier);
  [[nodiscard]] SessionPointer find_session(const std::string& identifier) const;

  const std::filesystem::path folder_;
  const BearerCheck tokens_;
  const Clock& clock_;

  mutable Mutex mutex_;
  std::map<std::string, SessionPointer> sessions_ GUARDED_BY(mutex_);
  int made_ GUARDED_BY(mutex_) = 0;

  // Last, so that it ends before what its tasks use.
  TaskGroup executions_;
};

}  // namespace azf::emulator
