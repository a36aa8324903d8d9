#pragma once

#include "azure/service_connection.h"
#include "azure/service_policy.h"
#include "core/clock.h"
#include "core/environment.h"
#include "core/json.h"
#include "core/result.h"
#include "core/secret.h"
#include "http/transport.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::azure {

struct ServiceError;

/// The data plane has changed its paths, bodies and answers once, with api-version 2024-10-02-preview.
enum class SessionPoolGeneration { kCodeExecute, kExecutions };

/// A pool of Azure Container Apps dynamic sessions that run code, and how it is spoken to. Value.
struct SessionPool {
  /// `https`, without query, without a slash at its end: the pool's management endpoint.
  std::string url;
  std::string api_version;
  /// What tokens are asked for.
  std::string scope;
  /// Whether it is a stand-in of the emulator.
  bool demo = false;

  [[nodiscard]] SessionPoolGeneration generation() const;
  [[nodiscard]] ServiceDescription description() const;

  friend bool operator==(const SessionPool&, const SessionPool&) = default;
};

/// From AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT (see `find_service_endpoint`; the `/python/execute` of older
/// settings is dropped), SESSION_POOL_API_VERSION and SESSION_POOL_AUDIENCE. Fails with `kInvalidArgument`, naming the
/// setting.
Result<SessionPool> load_session_pool(const Environment& environment);

/// How long code may run in a session; the service's own limits.
inline constexpr std::chrono::seconds kShortestExecution{1};
inline constexpr std::chrono::seconds kLongestExecution{220};

/// What came of code that ran. Value.
struct Execution {
  /// False if the code raised an error, ended itself or took too long: `standard_error` tells.
  bool succeeded = false;
  std::string standard_output{};
  std::string standard_error{};
  /// The value of the code's last expression, any JSON; an image is `{"type":"image","format","base64_data"}`. Null if
  /// there is none.
  Json result{};
  /// As the service has measured it, else from request to reply.
  std::chrono::milliseconds duration{0};
  /// Whether the service has cut off one of the outputs.
  bool truncated = false;

  friend bool operator==(const Execution&, const Execution&) = default;
};

/// A file in a session. Value.
struct SessionFile {
  std::string name;
  std::uint64_t size = 0;
  /// RFC 3339, as the service gives it; empty if it does not.
  std::string modified{};

  friend bool operator==(const SessionFile&, const SessionFile&) = default;
};

/// Whether a name may be that of a file in a session: 1 to 255 bytes, no `/` and `\`, no control character, not `.` and
/// `..`, UTF-8.
bool is_session_file_name(std::string_view name);

/// Runs code in sessions of a pool, and keeps files there. An `identifier` names a session, which begins with its first
/// use, and is the only right that its files need: it stands in no message and no log. In `options` the members
/// `repeatable`, `receiver` and `try_timeout` are not used. Thread-safe.
class SessionPoolClient {
 public:
  /// The references must outlive this object.
  SessionPoolClient(ServiceConnection& connection, SessionPool pool, const Clock& clock);

  /// Runs code and waits for its end, at most until the deadline. It is sent once, since it may have had its effect
  /// when no reply comes. `timeout` is a limit for the code alone, from `kShortestExecution` to `kLongestExecution`.
  Result<Execution, ServiceError> execute(std::string_view code, std::chrono::seconds timeout, const Secret& identifier,
                                          const CallOptions& options);

  /// Puts a file there, in place of one of that name.
  Result<SessionFile, ServiceError> upload(std::string_view name, std::string_view bytes, const Secret& identifier,
                                           const CallOptions& options);
  Result<std::vector<SessionFile>, ServiceError> list(const Secret& identifier, const CallOptions& options);
  /// `receiver` is asked for success only; its own error is what comes back.
  Result<Success, ServiceError> download(std::string_view name, const Secret& identifier, ReplyReceiver& receiver,
                                         const CallOptions& options);
  Result<Success, ServiceError> remove(std::string_view name, const Secret& identifier, const CallOptions& options);

 private:
  ServiceConnection& connection_;
  const SessionPool pool_;
  const Clock& clock_;
};

}  // namespace azf::azure
