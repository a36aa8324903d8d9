#include "runtime/timer.h"

#include "core/time_text.h"

#include <doctest/doctest.h>

#include <string>

using azf::InputValue;
using azf::parse_timer_status;

namespace {

InputValue timer(const std::string& text) { return {.document = azf::parse_json(text).value()}; }

}  // namespace

TEST_SUITE("runtime") {
  TEST_CASE("H-42: a timer without status parses") {
    const auto status =
        parse_timer_status(timer(R"({"Schedule":{"AdjustForDST":true},"ScheduleStatus":null,"IsPastDue":true})"));
    REQUIRE(status);
    CHECK(status->is_past_due);
    CHECK_FALSE(status->last);
    CHECK_FALSE(status->next);
  }

  TEST_CASE("H-42: dates of a timer parse with any zone and fraction") {
    for (const std::string text :
         {"2023-10-12T20:13:49", "2023-10-12T20:13:49Z", "2023-10-12T20:13:49+00:00",
          "2023-10-12T22:13:49.0000000+02:00", "2023-10-12T20:13:49.1Z", "2023-10-12T20:13:49.1234567Z"}) {
      CAPTURE(text);
      const auto status = parse_timer_status(
          timer(R"({"ScheduleStatus":{"Last":")" + text + R"(","Next":")" + text + R"("},"IsPastDue":false})"));
      REQUIRE(status);
      REQUIRE(status->last);
      CHECK(azf::to_rfc3339(*status->last) == "2023-10-12T20:13:49Z");
      CHECK(status->last == status->next);
      CHECK_FALSE(status->is_past_due);
    }
  }

  TEST_CASE("the first tick of all has no last one") {
    const auto status = parse_timer_status(timer(R"({"ScheduleStatus":{"Last":"0001-01-01T00:00:00"}})"));
    REQUIRE(status);
    CHECK_FALSE(status->last);
  }

  TEST_CASE("a timer of another shape is refused with the member's name") {
    CHECK(parse_timer_status({.text = "x"}).error().message == "a timer's value must be a JSON object");
    CHECK(parse_timer_status(timer(R"({"IsPastDue":"no"})")).error().message == "member \"IsPastDue\" must be a bool");
    CHECK(parse_timer_status(timer(R"({"ScheduleStatus":{"Next":"soon"}})")).error().message ==
          "member \"Next\" must be a date and time");
    CHECK(parse_timer_status(timer(R"({"ScheduleStatus":{"Last":1}})")).error().message ==
          "member \"Last\" must be a string, got number");
  }
}
