#include "functions/shortened.h"

#include <doctest/doctest.h>

#include <string>

TEST_SUITE("functions/shortened") {
  TEST_CASE("a text keeps its beginning, in whole characters, and says what it lacks") {
    const struct {
      std::string text;
      std::size_t limit;
      std::string_view expected;
    } cases[] = {
        {"abc", 3, "abc"},
        {"", 0, ""},
        {"abcd", 3, "abc\n[cut off: the first 3 of 4 bytes]"},
        {"a\xe2\x82\xac", 3, "a\n[cut off: the first 1 of 4 bytes]"},
        {"\xf0\x9f\x98\x80", 2, "\n[cut off: the first 0 of 4 bytes]"},
        {"a\xe2\x82\xac"
         "b",
         4, "a\xe2\x82\xac\n[cut off: the first 4 of 5 bytes]"},
    };
    for (const auto& [text, limit, expected] : cases) CHECK(azf::functions::shortened(text, limit) == expected);
  }
}
