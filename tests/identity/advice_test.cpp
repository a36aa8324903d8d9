#include "identity/advice.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <set>
#include <utility>

namespace azf::identity {
namespace {

constexpr std::string_view kPrefix = "AADSTS";

const std::pair<Problem, std::string_view> kCodes[] = {
    {Problem::kNotConfigured, "not_configured"},
    {Problem::kInvalidSetting, "invalid_setting"},
    {Problem::kInvalidRequest, "invalid_request"},
    {Problem::kRetiredMethod, "retired_method"},
    {Problem::kTenantNotAllowed, "tenant_not_allowed"},
    {Problem::kTokenFileUnusable, "token_file_unusable"},
    {Problem::kCertificateUnusable, "certificate_unusable"},
    {Problem::kAssertionFailed, "assertion_failed"},
    {Problem::kPipelineRefused, "pipeline_refused"},
    {Problem::kAuthorityUnreachable, "authority_unreachable"},
    {Problem::kAuthorityRefused, "authority_refused"},
    {Problem::kServerNotTrusted, "server_not_trusted"},
    {Problem::kUnexpectedReply, "unexpected_reply"},
    {Problem::kThrottled, "throttled"},
    {Problem::kClockSkew, "clock_skew"},
    {Problem::kImdsUnreachable, "imds_unreachable"},
    {Problem::kImdsForeign, "imds_foreign"},
    {Problem::kIdentityNotFound, "identity_not_found"},
    {Problem::kIdentityEndpointUnreachable, "identity_endpoint_unreachable"},
    {Problem::kIdentityEndpointRefused, "identity_endpoint_refused"},
    {Problem::kArcKeyUnusable, "arc_key_unusable"},
    {Problem::kToolNotFound, "tool_not_found"},
    {Problem::kToolLoginRequired, "tool_login_required"},
    {Problem::kToolTimedOut, "tool_timed_out"},
    {Problem::kToolFailed, "tool_failed"},
    {Problem::kToolOutputUnusable, "tool_output_unusable"},
    {Problem::kClaimsNeedLogin, "claims_need_login"},
    {Problem::kDeviceLoginNotCompleted, "device_login_not_completed"},
    {Problem::kIdentityPinned, "identity_pinned"},
    {Problem::kWrongAudience, "wrong_audience"},
    {Problem::kMissingRole, "missing_role"},
    {Problem::kDeadlinePassed, "deadline_passed"},
    {Problem::kInternal, "internal"},
};

// As a cell of a Markdown table.
std::string cell(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped.push_back('\\');
    escaped.push_back(c);
  }
  return escaped;
}

std::string markdown_table() {
  std::string text = "| code | what happened | what to do |\n|---|---|---|\n";
  for (const Advice& row : troubleshooting_table()) {
    text.append("| `").append(row.code).append("` | ").append(cell(row.meaning)).append(" | ");
    text.append(cell(row.next_step)).append(" |\n");
  }
  return text;
}

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("each problem has a row of its own, in the order of their numbers") {
    REQUIRE(std::size(kCodes) == static_cast<std::size_t>(Problem::kInternal) + 1);
    REQUIRE(troubleshooting_table().size() > std::size(kCodes));
    for (std::size_t i = 0; i < std::size(kCodes); ++i) {
      const auto& [problem, code] = kCodes[i];
      CAPTURE(code);
      CHECK(static_cast<std::size_t>(problem) == i);
      CHECK(to_string(problem) == code);
      CHECK(troubleshooting_table()[i].code == code);
      CHECK(next_step_for(code) == troubleshooting_table()[i].next_step);
    }
  }

  TEST_CASE("after the problems come Entra's numbers in ascending order, and no code comes twice") {
    std::set<std::string_view> codes;
    for (const Advice& row : troubleshooting_table()) {
      CAPTURE(row.code);
      CHECK(codes.insert(row.code).second);
    }
    int last = 0;
    for (const Advice& row : troubleshooting_table().subspan(std::size(kCodes))) {
      CAPTURE(row.code);
      REQUIRE(row.code.starts_with(kPrefix));
      const std::string_view digits = row.code.substr(kPrefix.size());
      int number = 0;
      const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
      CHECK((failure == std::errc() && end == digits.data() + digits.size()));
      CHECK(number > last);
      last = number;
      CHECK(aadsts_code({1, number}) == row.code);
      CHECK(next_step_for(row.code) == row.next_step);
    }
  }

  TEST_CASE("each row says what happened and what to do, in one line without an end") {
    for (const Advice& row : troubleshooting_table()) {
      CAPTURE(row.code);
      for (const std::string_view text : {row.meaning, row.next_step}) {
        CHECK(!text.empty());
        CHECK(!text.ends_with('.'));
        CHECK(std::ranges::none_of(text, [](char c) { return c < ' '; }));
      }
    }
  }

  TEST_CASE("of several numbers the first that is known counts, and an unknown one has no advice") {
    CHECK(aadsts_code({}).empty());
    CHECK(aadsts_code({1, 2}) == "AADSTS1");
    CHECK(aadsts_code({1, 7000215, 700016}) == "AADSTS7000215");
    CHECK(next_step_for("AADSTS1").empty());
    CHECK(next_step_for("").empty());
  }

  TEST_CASE("the documentation has exactly the rows of the table") {
    std::ifstream file(AZF_TROUBLESHOOTING_FILE);
    REQUIRE(file);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const bool is_same = text.substr(std::min(text.find("| code |"), text.size())) == markdown_table();
    CHECK_MESSAGE(is_same, "the end of handler/identity/TROUBLESHOOTING.md should be:\n", markdown_table());
  }
}

}  // namespace azf::identity
