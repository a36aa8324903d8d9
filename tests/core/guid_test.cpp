#include "core/guid.h"

#include <doctest/doctest.h>

#include <set>

using azf::guid_from;
using azf::random_guid;

TEST_SUITE("core") {
  TEST_CASE("a GUID is written as RFC 9562 has it, with version and variant set") {
    CHECK(guid_from({}) == "00000000-0000-4000-8000-000000000000");
    std::array<std::uint8_t, 16> ones{};
    ones.fill(0xff);
    CHECK(guid_from(ones) == "ffffffff-ffff-4fff-bfff-ffffffffffff");
    CHECK(guid_from({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}) == "00010203-0405-4607-8809-0a0b0c0d0e0f");
  }

  TEST_CASE("random GUIDs differ") {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) seen.insert(random_guid());
    CHECK(seen.size() == 100);
    for (const auto& guid : seen) CHECK(guid.size() == 36);
  }
}
