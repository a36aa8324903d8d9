#include "runtime/invocation_id.h"

#include <doctest/doctest.h>

#include <string>

using azf::Headers;
using azf::invocation_id;

TEST_SUITE("runtime") {
  TEST_CASE("H-33: the last element of the invocation id header counts") {
    const auto id = [](const std::string& value) {
      const Headers headers{{"x-azure-functions-invocationid", value}};
      return std::string(invocation_id(headers).value_or("none"));
    };
    CHECK(id("0f3dccc3-5430-4b5c-8398-40966eecb85b") == "0f3dccc3-5430-4b5c-8398-40966eecb85b");
    CHECK(id("evil, 0f3d") == "0f3d");
    CHECK(id("evil,more evil ,\t0f3d ") == "0f3d");

    const Headers twice{{"X-Azure-Functions-InvocationId", "evil"}, {"X-Azure-Functions-InvocationId", "0f3d"}};
    CHECK(invocation_id(twice) == "0f3d");
  }

  TEST_CASE("an invocation id that is absent or unfit for a log is none") {
    CHECK_FALSE(invocation_id(Headers{}));
    for (const auto& value : {std::string(), std::string("a,"), std::string("a b"), std::string("a\"b"),
                              std::string("a\nb"), std::string(65, 'a')}) {
      CAPTURE(value);
      const Headers headers{{"X-Azure-Functions-InvocationId", value}};
      CHECK_FALSE(invocation_id(headers));
    }
  }
}
