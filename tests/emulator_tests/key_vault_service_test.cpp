#include "emulator/services/key_vault_service.h"

#include "emulator_tests/service_fixture.h"

#include <doctest/doctest.h>

#include <string>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

struct Fixture : ServiceFixture {
  KeyVaultService service{"https://demo.vault.localhost:1", "https://vault.localhost", "https://127.0.0.1:2/tenant",
                          issuer, clock};
  const std::string good = token("https://vault.localhost");

  Reply get(const std::string& target) { return ask(service, good, "GET", target); }
};

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE_FIXTURE(Fixture, "tells by a challenge where to get tokens for a vault") {
  for (const std::string& bad : {std::string(), token("https://vault.azure.net"), std::string("x")}) {
    const Reply reply = ask(service, bad, "GET", "/secrets/demo-greeting?api-version=2025-07-01");
    CHECK(reply.status == 401);
    CHECK(*find_header(reply.headers, "WWW-Authenticate") ==
          "Bearer authorization=\"https://127.0.0.1:2/tenant\", resource=\"https://vault.localhost\"");
    CHECK(error_code_of(reply) == "Unauthorized");
  }
}

TEST_CASE_FIXTURE(Fixture, "gives the newest version of a secret, or the one that was asked for") {
  for (const char* target : {"/secrets/demo-greeting?api-version=7.4", "/secrets/demo-greeting/?api%2Dversion=7.6"}) {
    const Json secret = json_of(get(target));
    CHECK(secret["value"] == "hello from the stand-in for Key Vault");
    CHECK(secret["id"].get<std::string>().starts_with("https://demo.vault.localhost:1/secrets/demo-greeting/"));
    CHECK(secret["attributes"]["enabled"] == true);
  }
  const Json versions = json_of(get("/secrets/demo-greeting/versions?api-version=7.5"))["value"];
  REQUIRE(versions.size() == 2);
  const std::string id = versions[0]["id"].get<std::string>();
  const std::string version = id.substr(id.rfind('/') + 1);
  CHECK(json_of(get("/secrets/demo-greeting/" + version + "?api-version=7.5"))["value"] ==
        "an older greeting of the stand-in");
}

TEST_CASE_FIXTURE(Fixture, "lists secrets on pages that follow each other") {
  std::string target = "/secrets?api-version=2025-07-01&maxresults=10";
  std::vector<std::string> names;
  int pages = 0;
  for (; !target.empty(); ++pages) {
    const Json page = json_of(get(target));
    for (const auto& secret : page["value"]) {
      CHECK_FALSE(secret.contains("value"));
      const std::string id = secret["id"].get<std::string>();
      names.push_back(id.substr(id.rfind('/') + 1));
    }
    target = page["nextLink"].is_null() ? "" : page["nextLink"].get<std::string>().substr(30);
  }
  CHECK(pages == 4);
  CHECK(names.size() == 35);
  CHECK(names.front() == "api-token");
  CHECK(names.back() == "item-30");
  CHECK(json_of(get("/secrets?api-version=2025-07-01"))["value"].size() == 25);
}

TEST_CASE_FIXTURE(Fixture, "refuses as Key Vault does") {
  const std::vector<std::pair<std::string, std::string>> rows = {
      {"/secrets/demo-greeting", "BadParameter"},
      {"/secrets/demo-greeting?api-version=1", "BadParameter"},
      {"/secrets/a_b?api-version=7.4", "BadParameter"},
      {"/secrets?api-version=7.4&maxresults=26", "BadParameter"},
      {"/secrets/nothing?api-version=7.4", "SecretNotFound"},
      {"/secrets/demo-greeting/0?api-version=7.4", "SecretNotFound"},
      {"/keys?api-version=7.4", "NotFound"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.first);
    const auto& [target, code] = row;
    CHECK(error_code_of(get(target)) == code);
  }
  const Reply forbidden = get("/secrets/forbidden-secret?api-version=7.4");
  CHECK(forbidden.status == 403);
  CHECK(json_of(forbidden)["error"]["innererror"]["code"] == "ForbiddenByRbac");
  CHECK(json_of(get("/secrets/disabled-secret?api-version=7.4"))["error"]["innererror"]["code"] == "SecretDisabled");
  CHECK(ask(service, good, "DELETE", "/secrets/demo-greeting?api-version=7.4").status == 405);
  CHECK(find_header(service.failure(401).headers, "WWW-Authenticate") != nullptr);
}

TEST_SUITE_END();

}  // namespace azf::emulator
