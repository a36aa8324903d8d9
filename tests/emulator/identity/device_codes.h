#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "core/mutex.h"

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace azf::emulator {

/// The device code flow's memory: who was given which codes, and what the person with the user code did (RFC 8628).
/// Thread-safe.
class DeviceCodes {
 public:
  /// A client shall not ask more often than every `interval`. `clock` outlives this object.
  DeviceCodes(std::chrono::seconds interval, const Clock& clock) : interval_(interval), clock_(clock) {}

  struct Codes {
    std::string device_code;
    std::string user_code;
    std::chrono::seconds expires_in;
    std::chrono::seconds interval;
  };
  Codes begin(std::string scope);

  enum class State { kUnknown, kExpired, kTooSoon, kPending, kDeclined, kApproved };
  struct Outcome {
    State state;
    /// As it was asked for at the begin.
    std::string scope;
  };
  /// What a client is told that asks for its token. A code that was approved or declined is used up by this.
  Outcome poll(const std::string& device_code);

  /// The person decides; false when there is no such code, or no longer.
  bool decide(std::string_view user_code, bool approved);
  /// `[{"user_code", "scope", "state"}]`: what waits, or was decided and not yet fetched.
  [[nodiscard]] Json list() const;

 private:
  struct Flow {
    std::string user_code;
    std::string scope;
    SystemTime expires;
    std::optional<SteadyTime> last_poll;
    State state = State::kPending;
  };

  const std::chrono::seconds interval_;
  const Clock& clock_;

  mutable Mutex mutex_;
  std::map<std::string, Flow> flows_ GUARDED_BY(mutex_);
};

}  // namespace azf::emulator
