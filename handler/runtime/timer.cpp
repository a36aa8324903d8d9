#include "runtime/timer.h"

#include "core/time_text.h"

namespace azf {
namespace {

Result<std::optional<SystemTime>> optional_time(const Json& object, std::string_view name) {
  const auto text = optional_string(object, name);
  if (!text) return text.error();
  // .NET's smallest DateTime stands for "not yet".
  if (!*text || (*text)->starts_with("0001-01-01")) return std::optional<SystemTime>();
  const auto time = parse_rfc3339(**text);
  if (!time) return Error{ErrorKind::kInvalidArgument, "member \"" + std::string(name) + "\" must be a date and time"};
  return time;
}

}  // namespace

Result<TimerStatus> parse_timer_status(const InputValue& value) {
  if (!value.document || !value.document->is_object()) {
    return Error{ErrorKind::kInvalidArgument, "a timer's value must be a JSON object"};
  }
  TimerStatus status;
  if (const Json* past_due = find_member(*value.document, "IsPastDue")) {
    if (!past_due->is_boolean()) return Error{ErrorKind::kInvalidArgument, "member \"IsPastDue\" must be a bool"};
    status.is_past_due = past_due->get<bool>();
  }
  if (const Json* schedule = find_member(*value.document, "ScheduleStatus")) {
    auto last = optional_time(*schedule, "Last");
    if (!last) return std::move(last).error();
    auto next = optional_time(*schedule, "Next");
    if (!next) return std::move(next).error();
    status.last = *last;
    status.next = *next;
  }
  return status;
}

}  // namespace azf
