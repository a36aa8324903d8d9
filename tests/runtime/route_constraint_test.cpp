#include "runtime/route_constraint.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using azf::kRegexValueLimit;
using azf::parse_route_constraint;

TEST_SUITE("runtime") {
  TEST_CASE("route constraints take and refuse values as ASP.NET Core does") {
    struct Row {
      std::string name;
      std::string argument;
      std::vector<std::string> taken;
      std::vector<std::string> refused;
    };
    const Row rows[] = {
        {"int", "", {"0", "-7", "+7", " 7 ", "007", "2147483647"}, {"", "x", "1.0", "2147483648", "+-7", "0x1", "1 2"}},
        {"LONG", "", {"9223372036854775807", "-9223372036854775808"}, {"9223372036854775808", "1e3"}},
        {"bool", "", {"true", "FALSE", " True "}, {"", "1", "yes"}},
        {"guid",
         "",
         {"0f3dccc3-5430-4b5c-8398-40966eecb85b", "0F3DCCC354304B5C839840966EECB85B",
          "{0f3dccc3-5430-4b5c-8398-40966eecb85b}", "(0f3dccc3-5430-4b5c-8398-40966eecb85b)"},
         {"", "0f3dccc3", "{0f3dccc3-5430-4b5c-8398-40966eecb85b)", "0f3dccc3-5430-4b5c-8398-40966eecb85g",
          "0f3dccc35-430-4b5c-8398-40966eecb85b"}},
        {"datetime",
         "",
         {"2024-05-01", "2024-05-01T10:00", "2024-05-01T10:00:00.5Z", "2024-05-01 10:00:00", "5/1/2024",
          "12/31/2024 11:59:59 PM"},
         {"", "soon", "2024-13-01", "31/12/2024"}},
        {"decimal",
         "",
         {"1", "-1.5", "1,000.25", ".5", "5.", "1.5-", "79228162514264337593543950335"},
         {"", ".", "1e3", "79228162514264337593543950336", "-1-", "NaN"}},
        {"double", "", {"1", "-1.5e10", "1E+3", ".5", "1,000", "NaN", "-Infinity"}, {"", "e5", "1e", "1.5-", "0x1p3"}},
        {"float", "", {"3.14"}, {"pi"}},
        {"alpha", "", {"abc", "ABC"}, {"a1", "a b", "\xc3\xa9"}},
        {"required", "", {"a", " "}, {""}},
        {"length", "2", {"ab", "\xc3\xa9\xe2\x82\xac", "\xf0\x9f\x98\x80"}, {"", "a", "abc"}},
        {"length", "1, 3", {"a", "abc"}, {"", "abcd"}},
        {"minlength", "2", {"ab", "abcdef"}, {"a"}},
        {"maxlength", "2", {"", "ab"}, {"abc"}},
        {"min", "18", {"18", "9223372036854775807"}, {"17", "x"}},
        {"max", "-1", {"-1", "-9223372036854775808"}, {"0", ""}},
        {"range", "1,3", {"1", "3"}, {"0", "4", "2.5"}},
        {"regex", "^(live|ready)$", {"live", "READY"}, {"alive", "live\n", ""}},
        {"regex", "b+", {"abba"}, {"aa"}},
    };
    for (const auto& row : rows) {
      CAPTURE(row.name);
      CAPTURE(row.argument);
      const auto constraint = parse_route_constraint(row.name, row.argument);
      REQUIRE(constraint);
      for (const auto& value : row.taken) {
        CAPTURE(value);
        CHECK((*constraint)(value));
      }
      for (const auto& value : row.refused) {
        CAPTURE(value);
        CHECK_FALSE((*constraint)(value));
      }
    }
  }

  TEST_CASE("a constraint that is unknown or has a wrong argument is refused by name") {
    struct Row {
      std::string name;
      std::string argument;
    };
    const Row rows[] = {{"", ""},        {"integer", ""},   {"int", "5"},       {"length", ""},
                        {"length", "a"}, {"length", "3,2"}, {"length", "-1"},   {"minlength", "1,2"},
                        {"min", ""},     {"min", "1,2"},    {"range", "1"},     {"range", "5,1"},
                        {"regex", ""},   {"regex", "(a"},   {"regex", "[z-a]"}, {"length", "1,2,3"}};
    for (const auto& row : rows) {
      CAPTURE(row.name);
      CAPTURE(row.argument);
      const auto constraint = parse_route_constraint(row.name, row.argument);
      REQUIRE_FALSE(constraint);
      CHECK(constraint.error().message.starts_with("route constraint \"" + row.name + "\" "));
    }
  }

  TEST_CASE("a value too long for the regex matcher is refused, not risked") {
    const auto constraint = parse_route_constraint("regex", "^(a|b)*$").value();
    CHECK(constraint(std::string(kRegexValueLimit, 'a')));
    CHECK_FALSE(constraint(std::string(kRegexValueLimit + 1, 'a')));
    CHECK_FALSE(constraint(std::string(10'000'000, 'a')));
  }
}
