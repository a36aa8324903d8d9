#include "identity/unavailable_credential.h"

#include <doctest/doctest.h>

namespace azf::identity {

TEST_SUITE("identity") {
  TEST_CASE("a stand-in repeats why its credential could not be built") {
    UnavailableCredential credential("XCredential", {ErrorKind::kInvalidArgument, "X is not set"});
    CHECK(credential.name() == "XCredential");
    const auto result = credential.get_token({{"scope"}, "", ""}, Deadline::never());
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kCredentialUnavailable);
    CHECK(result.error().message == "XCredential: X is not set");
    CHECK(result.error().attempts ==
          std::vector<Attempt>{{"XCredential", AttemptOutcome::kUnavailable, "X is not set"}});
  }
}

}  // namespace azf::identity
