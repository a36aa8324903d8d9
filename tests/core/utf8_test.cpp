#include "core/utf8.h"

#include <doctest/doctest.h>

#include <string_view>

using azf::count_code_points;

TEST_SUITE("core") {
  TEST_CASE("code points of UTF-8 text are counted") {
    CHECK(count_code_points("") == 0U);
    CHECK(count_code_points("Ada") == 3U);
    CHECK(count_code_points("Zoë €") == 5U);
    CHECK(count_code_points("\xf0\x9f\x98\x80") == 1U);
    CHECK(count_code_points("\xf4\x8f\xbf\xbf") == 1U);
  }

  TEST_CASE("bytes that are not UTF-8 have no count") {
    for (const std::string_view text :
         {"\x80", "\xc3", "a\xff", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf4\x90\x80\x80",
          "\xf5\x80\x80\x80", "\xe2\x82", "\xe2\x28\xa1", "\xf0\x9f\x98"}) {
      CAPTURE(text.size());
      CHECK_FALSE(count_code_points(text).has_value());
    }
  }
}
