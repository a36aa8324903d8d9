#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "core/mutex.h"
#include "core/result.h"
#include "core/secret.h"
#include "emulator/stop_signal.h"
#include "emulator/wire/message.h"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace azf::emulator {

/// Stands before endpoints: keeps a journal of what they were asked, and answers in their place when a test said so.
/// Thread-safe.
class EndpointScript {
 public:
  /// `stop` ends scripted delays; it and `clock` outlive the script.
  EndpointScript(const StopSignal& stop, const Clock& clock);

  /// What happens to one request. Value.
  struct Scene {
    /// Nothing means: close the connection.
    std::optional<Reply> reply;
    /// Where the whole server goes away then: for how long.
    std::optional<std::chrono::milliseconds> away{};
  };

  /// The scripted scene if there is one for `endpoint`, else what `usual` answers. `worded`, where it is given, fills
  /// scripted failures that have no body, as the endpoint itself words them.
  Scene play(std::string_view endpoint, const Request& request, const std::function<Reply(const Request&)>& usual,
             const std::function<Reply(int status)>& worded = {});
  /// The reply of that, of an endpoint whose server stays.
  std::optional<Reply> answer(std::string_view endpoint, const Request& request,
                              const std::function<Reply(const Request&)>& usual) {
    return play(endpoint, request, usual).reply;
  }

  /// Control requests; nothing when the path is not one of these:
  ///
  /// - `GET /emulator/journal`: `{"requests": [{"endpoint", "time", "method", "path", "query", "headers", "form",
  ///   "json", "secrets", "assertions", "status"}]}`, oldest first; values that may be secret are replaced by a mark.
  ///   `secrets` has for each of them a fingerprint by a key of this run, so that two can be compared and none be
  ///   guessed; `assertions` has header and claims of those that are JSON Web Tokens. `DELETE` empties it.
  /// - `POST /emulator/replies/ENDPOINT`: one object or an array of `{"times", "status", "headers", "body",
  ///   "delay_ms", "drop", "path", "pace_ms", "cut_after", "restart", "away_ms"}`, all optional, appended to the
  ///   endpoint's script. `times`
  ///   is how often (default 1, -1 is for ever), `path` how the path of the requests ends that it is for (default:
  ///   any), `body` a text or any JSON, `drop` closes the connection in place of a reply. Without `status` and `drop`
  ///   the usual reply is given, after the delay. `pace_ms` is how long each piece of a streamed body waits,
  ///   `cut_after` after how many bytes of the body the connection breaks. `restart`, of a service, is a `drop`, or a
  ///   `cut_after`, with which the server goes away, for `away_ms` (default 200). `DELETE` empties the script.
  std::optional<Reply> control(const Request& request);

 private:
  struct Step {
    int times = 1;
    std::string path;
    std::chrono::milliseconds delay{0};
    bool drop = false;
    std::optional<Reply> reply;
    // Whether the reply has a body of its own.
    bool worded = false;
    std::optional<std::chrono::milliseconds> pace;
    std::optional<std::size_t> cut_after;
    std::optional<std::chrono::milliseconds> away;
  };

  static Result<Step> parse_step(const Json& json);
  Reply add_steps(const std::string& endpoint, const Request& request);
  std::optional<Step> next_step(std::string_view endpoint, std::string_view path);
  void record(std::string_view endpoint, const Request& request, const std::optional<Reply>& reply);

  const StopSignal& stop_;
  const Clock& clock_;
  const Secret fingerprint_key_;

  Mutex mutex_;
  Json journal_ GUARDED_BY(mutex_) = Json::array();
  std::map<std::string, std::deque<Step>, std::less<>> steps_ GUARDED_BY(mutex_);
};

}  // namespace azf::emulator
