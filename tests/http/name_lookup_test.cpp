#include "http/name_lookup.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace azf {

using namespace std::chrono_literals;

TEST_SUITE("http") {
  TEST_CASE("this machine's name and addresses are found without a name server") {
    const auto local = look_up_name("localhost", 5s);
    REQUIRE(local);
    CHECK(std::ranges::any_of(*local, [](const std::string& each) { return each == "127.0.0.1" || each == "::1"; }));
    CHECK(look_up_name("127.0.0.1", 5s).value() == std::vector<std::string>{"127.0.0.1"});
    CHECK(look_up_name("::1", 5s).value() == std::vector<std::string>{"::1"});
  }

  TEST_CASE("a name that cannot be one is not found") {
    const auto none = look_up_name("a..b", 5s);
    REQUIRE(!none);
    CHECK(none.error().kind != ErrorKind::kTimeout);
    CHECK(none.error().message.find("a..b") == std::string::npos);
  }
}

}  // namespace azf
