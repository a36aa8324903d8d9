#include "core/result.h"

#include <doctest/doctest.h>

#include <memory>
#include <string>

using azf::Error;
using azf::ErrorKind;
using azf::Result;

TEST_SUITE("core") {
  TEST_CASE("a result holds a value or an error") {
    const Result<int> seven = 7;
    CHECK(seven);
    CHECK(*seven == 7);
    const Result<int> none = Error{ErrorKind::kNotFound, "no such number"};
    CHECK_FALSE(none.has_value());
    CHECK(none.error() == Error{ErrorKind::kNotFound, "no such number"});
  }

  TEST_CASE("reading the other alternative is a bug and throws") {
    const Result<int> seven = 7;
    const Result<int> none = Error{ErrorKind::kNotFound, ""};
    CHECK_THROWS_AS((void)seven.error(), std::logic_error);
    CHECK_THROWS_AS((void)none.value(), std::logic_error);
  }

  TEST_CASE("a value that can only be moved is moved out") {
    Result<std::unique_ptr<int>> owner = std::make_unique<int>(7);
    const std::unique_ptr<int> taken = *std::move(owner);
    CHECK(*taken == 7);
  }

  TEST_CASE("context goes before the message") {
    CHECK(azf::with_context({ErrorKind::kTimeout, "no reply"}, "GET http://localhost/").message ==
          "GET http://localhost/: no reply");
  }

  TEST_CASE("every error kind has a name") {
    CHECK(azf::to_string(ErrorKind::kCredentialUnavailable) == "credential_unavailable");
    CHECK(azf::to_string(ErrorKind::kInternal) == "internal");
  }
}
