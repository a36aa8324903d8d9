#include "core/time_text.h"

#include <doctest/doctest.h>

#include <chrono>

using azf::SystemTime;
using std::chrono::seconds;

TEST_SUITE("core") {
  TEST_CASE("times are written in RFC 3339") {
    CHECK(azf::to_rfc3339(SystemTime(seconds(1767323045))) == "2026-01-02T03:04:05Z");
    CHECK(azf::to_rfc3339(SystemTime(seconds(0))) == "1970-01-01T00:00:00Z");
    CHECK(azf::to_rfc3339_milliseconds(SystemTime(std::chrono::milliseconds(1767323045678))) ==
          "2026-01-02T03:04:05.678Z");
  }

  TEST_CASE("I-32: one instant, in every shape that identity endpoints send") {
    const SystemTime expected(seconds(1793727612));  // 2026-11-03 17:40:12 UTC
    for (const char* text : {"2026-11-03T17:40:12Z", "2026-11-03T17:40:12+00:00", "2026-11-03T19:40:12+02:00",
                             "2026-11-03T17:40:12.1234567Z", "2026-11-03T17:40:12", "2026-11-03 17:40:12",
                             "2026-11-03 17:40:12 +00:00", "2026-11-03t12:10:12-0530"}) {
      CAPTURE(text);
      CHECK(azf::parse_rfc3339(text) == expected);
    }
    for (const char* text : {"11/03/2026 5:40:12 PM +00:00", "11/3/2026 5:40:12 PM", "11/03/2026 17:40:12",
                             "11/03/2026 17:40:12 +00:00"}) {
      CAPTURE(text);
      CHECK(azf::parse_us_date(text) == expected);
    }
    CHECK(azf::parse_http_date("Tue, 03 Nov 2026 17:40:12 GMT") == expected);
  }

  TEST_CASE("noon and midnight on a twelve-hour clock") {
    CHECK(azf::parse_us_date("1/2/2026 12:00:00 AM") == azf::parse_rfc3339("2026-01-02T00:00:00Z"));
    CHECK(azf::parse_us_date("1/2/2026 12:00:00 PM") == azf::parse_rfc3339("2026-01-02T12:00:00Z"));
  }

  TEST_CASE("what is not a date is not read as one") {
    for (const char* text : {"", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-02T24:00:00Z",
                             "2026-01-02T00:00:00X", "2026-01-02T00:00:00Z ", "2026-01-02", "20260102T000000Z",
                             "2026-01-02T00:00:00+25:00", "9999999999999999999", "9999-12-31T00:00:00Z"}) {
      CAPTURE(text);
      CHECK_FALSE(azf::parse_rfc3339(text).has_value());
    }
    for (const char* text :
         {"", "13/01/2026 00:00:00", "1/2/2026 0:00:00 AM", "1/2/2026 13:00:00 PM", "1/2/26 1:00:00"}) {
      CAPTURE(text);
      CHECK_FALSE(azf::parse_us_date(text).has_value());
    }
    for (const char* text : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "120"}) {
      CAPTURE(text);
      CHECK_FALSE(azf::parse_http_date(text).has_value());
    }
  }

  TEST_CASE("an HTTP date is written as it is read") {
    const auto time = azf::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
    REQUIRE(time);
    CHECK(azf::to_http_date(*time + std::chrono::milliseconds(999)) == "Sun, 06 Nov 1994 08:49:37 GMT");
    const auto leap_day = azf::parse_rfc3339("2028-02-29T23:59:59Z");
    REQUIRE(leap_day);
    CHECK(azf::to_http_date(*leap_day) == "Tue, 29 Feb 2028 23:59:59 GMT");
  }
}
