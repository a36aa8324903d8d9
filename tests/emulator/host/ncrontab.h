#pragma once

#include "core/clock.h"
#include "core/result.h"

#include <array>
#include <bitset>
#include <optional>
#include <string_view>
#include <variant>

namespace azf::emulator {

/// When a timer trigger fires: an NCRONTAB expression of six fields (second first) or of five (at second 0), in UTC,
/// or a time span such as `00:05:00` between two firings (Azure Functions documentation, "Timer trigger for Azure
/// Functions", NCRONTAB expressions). Value.
class TimerSchedule {
 public:
  /// `kInvalidArgument` naming the field that is wrong.
  static Result<TimerSchedule> parse(std::string_view text);

  /// The first instant after `time`; nothing for a date that never comes, such as the 30th of February.
  [[nodiscard]] std::optional<SystemTime> next_after(SystemTime time) const;
  /// A time span knows no daylight saving; the host says so in the timer's envelope.
  [[nodiscard]] bool is_cron() const { return std::holds_alternative<CronFields>(rule_); }

 private:
  // Allowed values of: second, minute, hour, day of month, month, day of week (0 is Sunday).
  using CronFields = std::array<std::bitset<60>, 6>;

  explicit TimerSchedule(std::variant<CronFields, std::chrono::seconds> rule) : rule_(rule) {}

  std::variant<CronFields, std::chrono::seconds> rule_;
};

/// A .NET time span: `[d.]hh:mm:ss`, as host.json has them. Nothing when it is none or negative.
std::optional<std::chrono::seconds> parse_time_span(std::string_view text);

}  // namespace azf::emulator
