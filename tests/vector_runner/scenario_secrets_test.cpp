#include "vector_runner/scenario_secrets.h"

#include "vector_runner/comparison.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace azf::test {
namespace {

std::vector<std::string> values_of(const std::vector<PlantedSecret>& secrets) {
  std::vector<std::string> values;
  for (const PlantedSecret& secret : secrets) values.push_back(secret.value);
  std::ranges::sort(values);
  return values;
}

}  // namespace

TEST_SUITE("vector runner") {
  TEST_CASE("the secrets of a scenario are those of its settings, files, keys, replies and tools") {
    Given given;
    given.environment = {{"IDENTITY_HEADER", "header"}, {"AZURE_CLIENT_ID", "id"}, {"AZURE_CLIENT_SECRET", ""}};
    given.options = Json{{"kind", "ClientSecret"}, {"client_secret", "secret"}, {"assertion", "<empty>"}};
    given.files = {{"federated", "file-token\n"},
                   {"text", "several words"},
                   {"key.pem", "-----BEGIN PRIVATE KEY-----\nfirst\nsecond\n-----END PRIVATE KEY-----\n"}};
    given.arc_keys = {{"k1.key", "arc-key"}};
    given.replies.resize(2);
    given.replies[0].body = R"({"access_token":"reply-token","expires_in":"5","token_type":"Bearer"})";
    given.replies[1].body = "<html>";
    given.tools["az"].standard_output = R"({"accessToken":"tool-token","subscription":"id"})";
    Step step;
    step.op = Step::Op::kWriteFile;
    step.file_content = "later-token";
    given.steps.push_back(step);
    auto secrets = secrets_of(given);
    const auto key = std::ranges::find(secrets, "private key in key.pem", &PlantedSecret::name);
    REQUIRE(key != secrets.end());
    CHECK(key->value.starts_with("second\n"));
    secrets.erase(key);
    CHECK(values_of(secrets) == std::vector<std::string>{"arc-key", "assertion-1", "file-token", "header",
                                                         "later-token", "reply-token", "secret", "tool-token"});
  }

  TEST_CASE("I-67: a secret in a log, a message, an attempt or a command line is found") {
    const std::vector<PlantedSecret> secrets = {{"client secret", "test-secret"}, {"token", "token-1"}};
    Observation harmless;
    harmless.outcomes.resize(1);
    harmless.outcomes.front().token = "token-1";
    harmless.outcomes.front().error.message = "refused";
    harmless.log = "token fetched";
    harmless.command_lines = {{"az", "account", "get-access-token"}};
    CHECK(leaks(secrets, harmless).empty());

    Observation seen = harmless;
    seen.log = "sending client_secret=test-secret";
    CHECK(leaks(secrets, seen) == std::vector<std::string>{"client secret is in the log"});
    seen = harmless;
    seen.outcomes.front().error.message = "got token-1 for test-secret";
    CHECK(leaks(secrets, seen) ==
          std::vector<std::string>{"client secret is in the message of call 1", "token is in the message of call 1"});
    seen = harmless;
    seen.outcomes.front().attempts = R"([{"reason":"token-1"}])";
    CHECK(leaks(secrets, seen) == std::vector<std::string>{"token is in the attempts of call 1"});
    seen = harmless;
    seen.command_lines = {{"az", "--password", "test-secret"}};
    CHECK(leaks(secrets, seen) == std::vector<std::string>{"client secret is in a command line"});
  }
}

}  // namespace azf::test
