#include "conformance/request_case.h"

#include <doctest/doctest.h>

#include <string>

using azf::test::matches;

TEST_SUITE("conformance") {
  TEST_CASE("a line has a form, or not") {
    struct Row {
      std::string form;
      std::string line;
      bool expected;
    };
    const Row rows[] = {
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"*", "a", true},
        {"a", "a", true},
        {"a", "A", false},
        {"a", "ab", false},
        {"ab", "a", false},
        {"a*", "abc", true},
        {"*c", "abc", true},
        {"*b", "abc", false},
        {"a*b*c", "a1b2b3c", true},
        {"a*b*d", "a1b2b3c", false},
        {"##", "12", true},
        {"##", "1x", false},
        {"##", "1", false},
        {"Date: *, ## * ####", "Date: Sun, 06 Nov 1994", true},
        {"Date: *, ## * ####", "Date: 784111777", false},
    };
    for (const Row& row : rows) {
      CAPTURE(row.form);
      CAPTURE(row.line);
      CHECK(matches(row.form, row.line) == row.expected);
    }
  }

  TEST_CASE("bytes are shown so that they can be copied into a literal") {
    CHECK(azf::test::escaped("GET /\\\r\n\t") == "GET /\\\\\\r\\n\\t");
    CHECK(azf::test::escaped(std::string("\0\x7f\xff", 3)) == "\\x00\\x7f\\xff");
    CHECK(azf::test::escaped(std::string(500, 'a')) == std::string(400, 'a') + "... (500 bytes)");
  }

  TEST_CASE("a rule is given in full") {
    CHECK(azf::test::full_rule({.name = "a", .rule = "9112 3.2", .bytes = "", .ours = {}, .peers = {}}) ==
          "RFC 9112 section 3.2");
  }
}
