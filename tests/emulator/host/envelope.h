#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "emulator/host/function_app.h"
#include "emulator/host/queue_message.h"
#include "emulator/host/route_template.h"
#include "emulator/wire/message.h"

#include <optional>
#include <string_view>

namespace azf::emulator {

/// Who the host says the caller is.
enum class Caller {
  kDeveloper,  ///< everybody is an administrator, as under `func start`
  kAnonymous,
  kKey,  ///< a function or master key was used
};

/// What the host remembers of a timer.
struct TimerStatus {
  /// Nothing before the first firing.
  std::optional<SystemTime> last;
  SystemTime next;
  SystemTime last_updated;
};
struct TimerFiring {
  bool is_cron = true;
  /// Nothing for short intervals and where the trigger says so; the envelope then has null.
  std::optional<TimerStatus> status;
  bool is_past_due = false;
};

/// The JSON body `{"Data":…,"Metadata":…}` of an invocation in the Default protocol (azure-functions-host,
/// `DefaultHttpWorkerService.cs` and `MessageExtensions`). `now` fills the system data.
Json http_envelope(const FunctionDefinition& function, const Request& request, const RouteValues& values, Caller caller,
                   SystemTime now);
Json timer_envelope(const FunctionDefinition& function, const TimerFiring& firing, SystemTime now);
Json queue_envelope(const FunctionDefinition& function, const QueueMessage& message, SystemTime now);
/// For a trigger that the emulator does not play itself: `input` is the trigger's value as text.
Json text_envelope(const FunctionDefinition& function, std::string_view input, SystemTime now);

/// Query names and values as ASP.NET Core's collection has them: a repeated name (without letter case) becomes one,
/// its values in order.
std::vector<std::pair<std::string, std::vector<std::string>>> grouped_query(std::string_view query);

}  // namespace azf::emulator
