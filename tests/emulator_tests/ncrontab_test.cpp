#include "emulator/host/ncrontab.h"

#include "core/time_text.h"

#include <doctest/doctest.h>

#include <string>
#include <tuple>
#include <vector>

namespace azf::emulator {

TEST_SUITE_BEGIN("emulator");

TEST_CASE("finds the next firing of a schedule") {
  const std::vector<std::tuple<const char*, const char*, const char*>> rows = {
      {"0 */5 * * * *", "2026-01-02T03:04:05Z", "2026-01-02T03:05:00Z"},
      {"0 */5 * * * *", "2026-01-02T03:05:00Z", "2026-01-02T03:10:00Z"},
      {"0 */5 * * * *", "2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z"},
      {"*/15 * * * * *", "2026-01-02T03:04:46Z", "2026-01-02T03:05:00Z"},
      {"0 30 9 * * 1-5", "2026-01-02T10:00:00Z", "2026-01-05T09:30:00Z"},
      {"0 0 0 * * Sun", "2026-01-02T00:00:00Z", "2026-01-04T00:00:00Z"},
      {"0 0 0 * * 7", "2026-01-02T00:00:00Z", "2026-01-04T00:00:00Z"},
      {"0 0 0 * * 5-7", "2026-01-03T12:00:00Z", "2026-01-04T00:00:00Z"},
      {"0 0 12 1 jan,JUL *", "2026-01-02T00:00:00Z", "2026-07-01T12:00:00Z"},
      {"0 0 0 29 2 *", "2026-01-01T00:00:00Z", "2028-02-29T00:00:00Z"},
      {"5 4/20 3 * * *", "2026-01-02T03:04:05Z", "2026-01-02T03:24:05Z"},
      {"*/5 * * * *", "2026-01-02T03:04:05Z", "2026-01-02T03:05:00Z"},
      {"00:05:00", "2026-01-02T03:04:05Z", "2026-01-02T03:09:05Z"},
      {"1.00:00:00", "2026-01-02T03:04:05Z", "2026-01-03T03:04:05Z"},
  };
  for (const auto& row : rows) {
    CAPTURE(std::get<0>(row));
    const auto& [text, from, expected] = row;
    const auto schedule = TimerSchedule::parse(text);
    REQUIRE(schedule);
    const auto next = schedule->next_after(*parse_rfc3339(from));
    REQUIRE(next);
    CHECK(to_rfc3339(*next) == expected);
  }
}

TEST_CASE("knows of dates that never come") {
  CHECK_FALSE(TimerSchedule::parse("0 0 0 30 2 *")->next_after(*parse_rfc3339("2026-01-01T00:00:00Z")));
}

TEST_CASE("refuses a schedule that is none") {
  for (const std::string text : {"", "* * * *", "60 * * * * *", "0 0 24 * * *", "0 0 0 0 * *", "0 */0 * * * *",
                                 "0 5-1 * * * *", "a * * * * *", "0 0 0 * foo *", "00:00:00", "-00:05:00"}) {
    CAPTURE(text);
    const auto schedule = TimerSchedule::parse(text);
    REQUIRE_FALSE(schedule);
    CHECK(schedule.error().kind == ErrorKind::kInvalidArgument);
  }
}

TEST_SUITE_END();

}  // namespace azf::emulator
