#include "core/setting_problems.h"

#include <doctest/doctest.h>

#include <map>
#include <string>

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

  TEST_CASE("a variable with a number is read or refused") {
    using Settings = std::map<std::string, std::string, std::less<>>;
    const azf::Environment environment(Settings{{"AZF_GOOD", "10"}, {"AZF_BAD", "11"}, {"AZF_EMPTY", ""}});
    SettingProblems problems;
    CHECK(problems.number_in(environment, "AZF_GOOD", {1, 10}) == 10U);
    CHECK_FALSE(problems.number_in(environment, "AZF_EMPTY", {1, 10}));
    CHECK_FALSE(problems.number_in(environment, "AZF_ABSENT", {1, 10}));
    CHECK(problems.outcome());
    CHECK_FALSE(problems.number_in(environment, "AZF_BAD", {1, 10, "a number of eggs"}));
    REQUIRE_FALSE(problems.outcome());
    CHECK(problems.outcome().error().message == "AZF_BAD must be a number of eggs between 1 and 10, got \"11\"");
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
