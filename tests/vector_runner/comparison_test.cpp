#include "vector_runner/comparison.h"

#include <doctest/doctest.h>

namespace azf::test {

TEST_SUITE("vector runner") {
  TEST_CASE("markers in expected texts stand for what they name, and for nothing else") {
    const SystemTime now{std::chrono::seconds(1'700'000'000)};
    struct Row {
      const char* expected;
      const char* actual;
      bool matches;
    };
    for (const Row& row : {
             Row{"a", "a", true},
             Row{"a", "A", false},
             Row{"a<w>b", "a<w>b", true},
             Row{"<now>", "1700000009", true},
             Row{"<now>", "1700000011", false},
             Row{"<now+600>", "1700000600", true},
             Row{"<now-60>", "1699999940", true},
             Row{"<now+600>", "1700000000", false},
             Row{"<now>", "soon", false},
             Row{"<guid>", "11111111-1111-4111-8111-111111111111", true},
             Row{"<guid>", "11111111-1111-4111-8111-11111111111", false},
             Row{"<guid>", "11111111-1111-4111-8111-11111111111x", false},
             Row{"id <guid>.", "id 11111111-1111-4111-8111-111111111111.", true},
             Row{"id <guid>.", "id 11111111-1111-4111-8111-111111111111", false},
             Row{"<jwt>", "aa.bb-_.c", true},
             Row{"<jwt>", "aa.bb", false},
         }) {
      CAPTURE(row.expected);
      CAPTURE(row.actual);
      CHECK(text_matches(row.expected, row.actual, now) == row.matches);
    }
  }

  TEST_CASE("runs of pwsh may come with or without the check before them; other tools are counted") {
    const auto found = [](const std::vector<std::string>& expected, const std::vector<std::string>& got) {
      Expectation expectation;
      expectation.tool_runs = expected;
      Observation seen;
      for (const std::string& tool : got) seen.command_lines.push_back({tool});
      return !differences(expectation, {}, seen).empty();
    };
    CHECK_FALSE(found({"az", "pwsh", "pwsh", "azd"}, {"az", "pwsh", "azd"}));
    CHECK_FALSE(found({"pwsh", "pwsh"}, {"pwsh", "pwsh"}));
    CHECK_FALSE(found({"code", "az"}, {"az"}));
    CHECK(found({"pwsh", "pwsh"}, {}));
    CHECK(found({"pwsh"}, {"pwsh", "pwsh"}));
    CHECK(found({"az", "az"}, {"az"}));
    CHECK(found({"az", "azd"}, {"azd", "az"}));
  }
}

}  // namespace azf::test
