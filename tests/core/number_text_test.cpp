#include "core/number_text.h"

#include <doctest/doctest.h>

#include <cstdint>

using azf::parse_number;

TEST_SUITE("core/number_text") {
  TEST_CASE("a number is all of its text, in decimal digits") {
    struct Row {
      const char* text;
      std::optional<std::int64_t> expected;
    };
    for (const auto& [text, expected] :
         {Row{"0", 0}, Row{"007", 7}, Row{"-12", -12}, Row{"9223372036854775807", INT64_MAX},
          Row{"9223372036854775808", std::nullopt}, Row{"", std::nullopt}, Row{"-", std::nullopt},
          Row{"+1", std::nullopt}, Row{" 1", std::nullopt}, Row{"1 ", std::nullopt}, Row{"1.0", std::nullopt},
          Row{"0x1", std::nullopt}, Row{"one", std::nullopt}}) {
      CAPTURE(text);
      CHECK(parse_number<std::int64_t>(text) == expected);
    }
  }

  TEST_CASE("a number fits its type") {
    CHECK(parse_number<std::uint16_t>("65535") == std::uint16_t{65535});
    CHECK_FALSE(parse_number<std::uint16_t>("65536"));
    CHECK_FALSE(parse_number<unsigned>("-1"));
  }
}
