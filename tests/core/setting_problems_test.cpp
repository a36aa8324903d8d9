#include "core/setting_problems.h"

#include <doctest/doctest.h>

using azf::parse_setting_number;
using azf::SettingProblems;

TEST_SUITE("core") {
  TEST_CASE("the number of a setting is a whole decimal one within its range") {
    struct Row {
      const char* text;
      std::optional<unsigned> expected;
    };
    for (const auto& [text, expected] :
         {Row{"0", std::nullopt}, Row{"1", 1}, Row{"09", 9}, Row{"10", 10}, Row{"11", std::nullopt},
          Row{"-1", std::nullopt}, Row{"+1", std::nullopt}, Row{" 1", std::nullopt}, Row{"1s", std::nullopt},
          Row{"", std::nullopt}, Row{"99999999999999999999", std::nullopt}}) {
      CAPTURE(text);
      CHECK(parse_setting_number(text, 1, 10) == expected);
    }
  }

  TEST_CASE("all problems are reported together, long values not shown") {
    SettingProblems problems;
    CHECK(problems.outcome());
    problems.refuse("AZF_ONE", "on or off", "may\tbe");
    problems.refuse("AZF_TWO", "a number", std::string(25, 's'));
    problems.add("AZF_THREE must not be set");
    const auto outcome = problems.outcome();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error() == azf::Error{azf::ErrorKind::kInvalidArgument,
                                        "AZF_ONE must be on or off, got \"may?be\"\n"
                                        "AZF_TWO must be a number, got 25 characters\n"
                                        "AZF_THREE must not be set"});
  }
}
