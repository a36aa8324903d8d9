#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "runtime/invocation.h"

#include <optional>

namespace azf {

/// What a timer trigger says of its schedule (Microsoft Learn, "Timer trigger for Azure Functions"). Value.
struct TimerStatus {
  /// The tick comes later than planned, for example because the app was not running.
  bool is_past_due = false;
  /// Planned instants of the tick before this one and of the next; nothing when the host keeps no status.
  std::optional<SystemTime> last;
  std::optional<SystemTime> next;
};

/// Reads a timer trigger's value. Fails with `kInvalidArgument`, naming the member.
Result<TimerStatus> parse_timer_status(const InputValue& value);

}  // namespace azf
