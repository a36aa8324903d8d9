#include "emulator/services/graph_service.h"

#include "emulator_tests/service_fixture.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

struct Fixture : ServiceFixture {
  GraphService service{"https://127.0.0.1:1/graph", user, issuer, clock};
  const std::string good = token("https://graph.microsoft.com");

  Reply get(const std::string& target) { return ask(service, good, "GET", target); }
};

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE_FIXTURE(Fixture, "lists people on pages that follow each other") {
  std::string target = "/v1.0/users?$top=5&$select=id,displayName";
  std::vector<std::string> names;
  int pages = 0;
  for (; !target.empty(); ++pages) {
    const Json page = json_of(get(target));
    for (const auto& each : page["value"]) {
      CHECK(each.size() == 2);
      names.push_back(each["displayName"].get<std::string>());
    }
    target = page.value("@odata.nextLink", "");
    if (!target.empty()) {
      CHECK(target.starts_with("https://127.0.0.1:1/graph/v1.0/users?"));
      target.erase(0, 25);
    }
  }
  CHECK(pages == 3);
  CHECK(names.size() == 12);
  CHECK(names.front() == "Emulated User");
  CHECK(json_of(get("/v1.0/users"))["value"].size() == 12);
}

TEST_CASE_FIXTURE(Fixture, "filters people") {
  const std::vector<std::pair<std::string, std::size_t>> rows = {
      {"startswith(displayName,'Ad')", 2}, {"startswith(displayName, 'ad') ", 2},
      {"surname eq 'O''Neill'", 1},        {"userPrincipalName eq 'user@emulator.invalid'", 1},
      {"startswith(displayName,'Zz')", 0},
  };
  for (const auto& row : rows) {
    CAPTURE(row.first);
    const auto& [filter, count] = row;
    std::string encoded;
    for (const char c : filter) encoded.append(c == ' ' ? "%20" : std::string(1, c));
    CHECK(json_of(get("/v1.0/users?%24filter=" + encoded))["value"].size() == count);
  }
}

TEST_CASE_FIXTURE(Fixture, "knows a person by id and by name, and applications as nobody") {
  CHECK(json_of(get("/v1.0/users/user-object"))["displayName"] == "Emulated User");
  CHECK(json_of(get("/v1.0/users/User%40emulator.invalid?$select=id"))["id"] == "user-object");
  const Reply nobody = get("/v1.0/me");
  CHECK(nobody.status == 400);
  CHECK(json_of(nobody)["error"]["message"] == "/me request is only valid with delegated authentication flow.");
  const std::string delegated = issuer.issue_delegated(user, {"client", "", ""}, "https://graph.microsoft.com",
                                                       "User.Read", ClientProof::kNone, std::chrono::hours(1));
  CHECK(json_of(ask(service, delegated, "GET", "/v1.0/me"))["id"] == "user-object");
}

TEST_CASE_FIXTURE(Fixture, "refuses as Microsoft Graph does") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"/v1.0/users/nobody", "Request_ResourceNotFound"},
      {"/v1.0/groups", "BadRequest"},
      {"/v1.0/users?$top=0", "Request_UnsupportedQuery"},
      {"/v1.0/users?$top=1000", "Request_UnsupportedQuery"},
      {"/v1.0/users?$filter=true", "BadRequest"},
      {"/v1.0/users?$search=x", "BadRequest"},
      {"/v1.0/users?$skiptoken=!", "Directory_ExpiredPageToken"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.first);
    const auto& [target, code] = row;
    CHECK(error_code_of(get(target)) == code);
  }
  for (const std::string& bad : {std::string(), token("https://vault.azure.net")}) {
    const Reply reply = ask(service, bad, "GET", "/v1.0/users");
    CHECK(reply.status == 401);
    CHECK(error_code_of(reply) == "InvalidAuthenticationToken");
    CHECK(json_of(reply)["error"]["innerError"]["date"] == "2026-01-02T03:04:05");
  }
  CHECK(ask(service, good, "POST", "/v1.0/users").status == 405);
  CHECK(error_code_of(service.failure(403)) == "Authorization_RequestDenied");
  CHECK(*find_header(service.failure(429).headers, "Retry-After") == "2");
}

TEST_SUITE_END();

}  // namespace azf::emulator
