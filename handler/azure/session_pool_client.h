#pragma once

#include "azure/service_connection.h"
#include "azure/service_error.h"
#include "azure/session_pool.h"
#include "azure/session_reply.h"
#include "core/clock.h"
#include "core/result.h"
#include "core/secret.h"
#include "http/message.h"
#include "http/transport.h"

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace azf::azure {

/// How long code may run in a session; the service's own limits.
inline constexpr std::chrono::seconds kShortestExecution{1};
inline constexpr std::chrono::seconds kLongestExecution{220};

/// The largest file that a session takes, and the longest name.
inline constexpr std::size_t kLargestSessionFile = std::size_t{128} << 20;
inline constexpr std::size_t kLongestSessionFileName = 255;

/// Whether a name may be that of a file in a session: not empty, not too long, without `/`, `\` and control characters,
/// not `.` and `..`.
bool is_session_file_name(std::string_view name);

/// Runs code in sessions of a pool, and keeps files there. An `identifier` names a session, which begins with its first
/// use, and is the only right that its files need: it is in no message and no log. A name that is not that of a file is
/// `kInvalidRequest`, and nothing is sent. Of `options` this class sets `repeatable`, `receiver` and `try_timeout`
/// itself. Thread-safe.
class SessionPoolClient {
 public:
  /// `connection` is that of `pool.description()`. The references must outlive this object.
  SessionPoolClient(ServiceConnection& connection, SessionPool pool, const Clock& clock);

  /// Runs code and waits for its end, at most until the deadline. What the code does is not undone where no answer
  /// comes, so it is sent again only where it surely did not begin. `timeout` is for the code alone; it is brought
  /// between `kShortestExecution` and `kLongestExecution`, and made shorter where the deadline comes before.
  Result<Execution, ServiceError> execute(std::string_view code, std::chrono::seconds timeout, const Secret& identifier,
                                          const CallOptions& options);

  /// Puts a file there, in place of one of that name.
  Result<SessionFile, ServiceError> upload(std::string_view name, std::string_view bytes, const Secret& identifier,
                                           const CallOptions& options);
  Result<std::vector<SessionFile>, ServiceError> list(const Secret& identifier, const CallOptions& options);
  /// `receiver` is asked only for a reply that is the file; what ends behind its head is `kBrokenOff`.
  Result<Success, ServiceError> download(std::string_view name, const Secret& identifier, ReplyReceiver& receiver,
                                         const CallOptions& options);
  Result<Success, ServiceError> remove(std::string_view name, const Secret& identifier, const CallOptions& options);

 private:
  /// What a 404 says is not there.
  enum class Subject { kPool, kExecution, kFile };

  [[nodiscard]] HttpRequest request(Method method, std::string_view path, const Secret& identifier) const;
  /// A reply of success.
  Result<HttpResponse, ServiceError> send(const HttpRequest& request, Subject subject, const CallOptions& options);
  Result<Execution, ServiceError> wait_for_end(std::string_view execution_id, SteadyTime began, Deadline deadline,
                                               const Secret& identifier, const CallOptions& options);
  /// Fails where the wait goes beyond the deadline, or nobody waits any more.
  Result<Success, ServiceError> pause(std::chrono::milliseconds wait, Deadline deadline,
                                      const CallOptions& options) const;

  ServiceConnection& connection_;
  const SessionPool pool_;
  const Clock& clock_;
};

}  // namespace azf::azure
