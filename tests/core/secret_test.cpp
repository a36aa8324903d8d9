#include "core/secret.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <sstream>
#include <type_traits>
#include <utility>

using azf::Secret;

namespace {

template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};
template <typename T>
concept JsonConvertible = requires(const T& value) {
  nlohmann::json(value);
};

}  // namespace

TEST_SUITE("core") {
  TEST_CASE("a secret can be neither printed, nor turned into JSON, nor copied by accident") {
    static_assert(!Streamable<Secret>);
    static_assert(!JsonConvertible<Secret>);
    static_assert(!std::is_copy_constructible_v<Secret>);
    static_assert(!std::is_convertible_v<std::string_view, Secret>);
    CHECK(Streamable<std::string_view>);  // the probe itself works
  }

  TEST_CASE("moving leaves nothing behind") {
    Secret first("top secret");
    const Secret second(std::move(first));
    CHECK(second.expose() == "top secret");
    CHECK(first.empty());  // NOLINT(bugprone-use-after-move): what is left is the point
  }

  TEST_CASE("a clone lives on its own") {
    Secret clone;
    {
      const Secret original("top secret");
      clone = original.clone();
    }
    CHECK(clone.expose() == "top secret");
  }

  TEST_CASE("secrets are equal when all their bytes are") {
    CHECK(Secret("abc") == Secret("abc"));
    CHECK_FALSE(Secret("abc") == Secret("abd"));
    CHECK_FALSE(Secret("abc") == Secret("ab"));
    CHECK(Secret() == Secret(""));
  }
}
