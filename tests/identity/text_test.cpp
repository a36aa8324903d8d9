#include "identity/text.h"

#include <doctest/doctest.h>

namespace azf::identity {

TEST_SUITE("identity") {
  TEST_CASE("I-69: foreign text cannot draw on a terminal") {
    struct Row {
      std::string_view text;
      std::string_view printable;
    };
    const Row rows[] = {
        {"", ""},
        {"plain", "plain"},
        {"caf\xc3\xa9 \xe2\x82\xac", "caf\xc3\xa9 \xe2\x82\xac"},
        {"one\r\ntwo\tthree", "one two three"},
        {"\x1b[31mred", "\\u001b[31mred"},
        {"\x7f", "\\u007f"},
        {"\xc2\x9b"
         "2J",
         "\\u009b2J"},
        {"\xc2\xa0", "\xc2\xa0"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.printable);
      CHECK(printable(row.text, 4096) == row.printable);
    }
    CHECK(printable(std::string_view("a\0b", 3), 10) == "a\\u0000b");
  }

  TEST_CASE("I-69: long text is cut at a character's end") {
    CHECK(printable("abcdef", 6) == "abcdef");
    CHECK(printable("abcdefg", 6) == "abcdef...");
    CHECK(printable("ab\xe2\x82\xac", 4) == "ab...");
    CHECK(printable(std::string(5000, 'x'), 4096).size() == 4099);
  }

  TEST_CASE("I-69: the limit holds for what is written, escapes included") {
    CHECK(printable("\x01\x01", 12) == "\\u0001\\u0001");
    CHECK(printable("\x01\x01", 11) == "\\u0001...");
    CHECK(printable("\x01", 5) == "...");
    CHECK(printable(std::string(5000, '\x01'), 4096).size() <= 4099);
    CHECK(printable("a\r\nb", 3) == "a b");
  }

  TEST_CASE("trimming drops white space at both ends only") {
    CHECK(trimmed(" \t\r\n a b \n") == "a b");
    CHECK(trimmed(" \n").empty());
    CHECK(trimmed("").empty());
  }
}

}  // namespace azf::identity
