#include "identity/unavailable_credential.h"

#include <doctest/doctest.h>

namespace azf::identity {

TEST_SUITE("identity") {
  TEST_CASE("a stand-in repeats why its credential could not be built") {
    struct Row {
      UnavailableCredential credential;
      std::string code;
    };
    Row rows[] = {
        {{"XCredential", {ErrorKind::kCredentialUnavailable, "X is not set"}}, "not_configured"},
        {{"XCredential", {ErrorKind::kInvalidArgument, "X is not set"}}, "invalid_setting"},
        {{"XCredential", {ErrorKind::kCredentialUnavailable, "X is not set"}, Problem::kRetiredMethod},
         "retired_method"},
    };
    for (Row& row : rows) {
      CAPTURE(row.code);
      CHECK(row.credential.name() == "XCredential");
      const auto result = row.credential.get_token({{"scope"}, "", ""}, Deadline::never());
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kCredentialUnavailable);
      REQUIRE(result.error().attempts.size() == 1);
      const Attempt& attempt = result.error().attempts.front();
      CHECK(attempt == Attempt{.credential = "XCredential",
                               .outcome = AttemptOutcome::kUnavailable,
                               .code = row.code,
                               .reason = "X is not set",
                               .next_step = std::string(next_step_for(row.code))});
      CHECK(result.error().message == "XCredential: X is not set. What to do: " + attempt.next_step);
    }
  }
}

}  // namespace azf::identity
