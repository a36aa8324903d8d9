#include "emulator/services/bearer_check.h"

#include "emulator_tests/service_fixture.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace azf::emulator {

TEST_SUITE_BEGIN("emulator");

TEST_CASE_FIXTURE(ServiceFixture, "tells what is wrong with a token") {
  const BearerCheck check("https://vault.azure.net", issuer, clock);
  const SigningKey other_key;
  const TokenIssuer other_issuer("https://127.0.0.1:2", "tenant", other_key, clock);
  const TokenIssuer other_tenant("https://127.0.0.1:1", "elsewhere", key, clock);
  const Principal client{"client", "object", ""};
  const auto issued = [&](const TokenIssuer& by, std::string_view audience) {
    return "Bearer " + by.issue(client, audience, ClientProof::kSecret, std::chrono::hours(1));
  };
  struct Row {
    std::string header;
    TokenFlaw flaw;
  };
  const std::vector<Row> rows = {
      {issued(issuer, "https://vault.azure.net"), TokenFlaw::kNone},
      {issued(issuer, "https://vault.azure.net/"), TokenFlaw::kNone},
      {"", TokenFlaw::kMissing},
      {"Basic abc", TokenFlaw::kMissing},
      {"Bearer abc", TokenFlaw::kUnknown},
      {issued(other_issuer, "https://vault.azure.net"), TokenFlaw::kUnknown},
      {issued(other_tenant, "https://vault.azure.net"), TokenFlaw::kUnknown},
      {issued(issuer, "https://graph.microsoft.com"), TokenFlaw::kAudience},
      {"Bearer " + token("https://vault.azure.net", std::chrono::seconds(-301)), TokenFlaw::kExpired},
      {"bearer " + token("https://vault.azure.net", std::chrono::seconds(-299)), TokenFlaw::kNone},
  };
  for (const auto& row : rows) {
    CAPTURE(row.header);
    const Headers headers = row.header.empty() ? Headers{} : Headers{{"authorization", row.header}};
    const BearerFinding finding = check.look({"GET", "/", headers, ""});
    CHECK(static_cast<int>(finding.flaw) == static_cast<int>(row.flaw));
    CHECK(finding.claims.is_null() == (row.flaw != TokenFlaw::kNone));
    CHECK_FALSE(explain(finding.flaw).empty());
  }
}

TEST_SUITE_END();

}  // namespace azf::emulator
