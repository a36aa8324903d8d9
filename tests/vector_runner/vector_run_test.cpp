#include "vector_runner/vector_run.h"

#include "core/json.h"
#include "support/temporary_directory.h"

#include <doctest/doctest.h>

#include <sstream>
#include <string>
#include <vector>

namespace azf::test {
namespace {

constexpr const char* kTokenUrl =
    "https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111/oauth2/v2.0/token";

Json parsed(const std::string& text) {
  auto json = parse_json(text);
  REQUIRE_MESSAGE(json, text);
  return *json;
}

// One call that gets token-1 after one refusal.
Json token_scenario() {
  Json scenario = parsed(R"({
    "id": "sample",
    "given": {
      "env": {},
      "options": {"kind": "ClientSecret", "tenant_id": "11111111-1111-4111-8111-111111111111",
                  "client_id": "22222222-2222-4222-8222-222222222222", "client_secret": "test-secret"},
      "replies": [
        {"status": 503, "headers": {"retry-after": "2"}, "text": ""},
        {"status": 200, "json": {"token_type": "Bearer", "expires_in": 3599, "access_token": "token-1"}}],
      "steps": [{"op": "get_token", "scopes": ["https://vault.azure.net/.default"]}]
    },
    "expect": {
      "results": ["token-1"], "request_count": 2, "expires_in_s": 3599, "min_delays_ms": [2000], "max_total_ms": 3000,
      "requests": [{"method": "POST", "headers": {"Content-type": "application/x-www-form-urlencoded"}, "query": {},
                    "body_form": {"grant_type": "client_credentials", "client_secret": "test-secret"}, "times": 2}],
      "why": "the reason"
    }
  })");
  scenario["expect"]["requests"][0]["url"] = kTokenUrl;
  return scenario;
}

// One call that the service refuses.
Json refusal_scenario() {
  Json scenario = token_scenario();
  scenario["given"]["replies"] = parsed(R"([{"status": 401, "json": {"error": "invalid_client"}}])");
  scenario["expect"] = parsed(R"({"results": ["error"], "request_count": 1, "error_class": "failed"})");
  return scenario;
}

// One run of a tool. The credential is that of the C++ SDK's order of options.
Json tool_scenario() {
  Json scenario = token_scenario();
  scenario["given"]["options"] = parsed(R"({"kind": "AzureCli"})");
  scenario["given"]["tools"] = parsed(R"({"az": {"stdout": {"json": {"accessToken": "token-1",
      "expiresOn": {"$local_naive": 3600}, "expires_on": {"$epoch": 3600}, "tokenType": "Bearer"}}}})");
  scenario["expect"] = parsed(R"({"results": ["token-1"], "request_count": 0, "tool_runs": ["az"],
      "command_lines_seen": [
          ["az", "account", "get-access-token", "--resource", "https://vault.azure.net", "--output", "json"],
          ["az", "account", "get-access-token", "--scope", "https://vault.azure.net/.default", "--output", "json"]]})");
  return scenario;
}

// Its secret is also its client id, which messages name.
Json leaking_scenario() {
  Json scenario = token_scenario();
  scenario["given"]["options"]["client_id"] = "test-secret";
  return scenario;
}

struct Run {
  int exit_code = 0;
  std::string out;
  std::string errors;
};

class Folder {
 public:
  void add(const Json& scenario) { directory_.write(scenario.value("id", "unnamed") + ".json", to_text(scenario)); }
  void add_text(const std::string& name, const std::string& text) { directory_.write(name, text); }
  void except(const std::string& exceptions) {
    options_.exceptions_file = exceptions_.write("exceptions.json", exceptions);
  }
  VectorRunOptions& options() { return options_; }

  Run run() {
    options_.directory = directory_.path();
    std::ostringstream out;
    std::ostringstream errors;
    const int exit_code = run_vectors(options_, out, errors);
    return {exit_code, out.str(), errors.str()};
  }

 private:
  TemporaryDirectory directory_;
  TemporaryDirectory exceptions_;
  VectorRunOptions options_;
};

Run run(const Json& scenario) {
  Folder folder;
  folder.add(scenario);
  return folder.run();
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_SUITE("vector runner") {
  TEST_CASE("what the client does as expected passes") {
    for (const Json& scenario : {token_scenario(), refusal_scenario(), tool_scenario()}) {
      const Run result = run(scenario);
      CHECK(result.out == "1 passed, 0 failed\n");
      CHECK(result.exit_code == 0);
    }
  }

  TEST_CASE("each kind of expectation fails where the client does something else") {
    struct Row {
      Json scenario;
      const char* patch;
      const char* difference;
    };
    const std::vector<Row> rows = {
        {token_scenario(), R"({"results": ["token-2"]})", "result 1: expected token-2, got token-1"},
        {token_scenario(), R"({"results": ["error"]})", "result 1: expected error, got token-1"},
        {token_scenario(), R"({"results": [["token-2", "error"]]})",
         "result 1: expected token-2 or error, got token-1"},
        {token_scenario(), R"({"results": ["token-1", "token-1"]})", "results: expected 2 calls, got 1"},
        {token_scenario(), R"({"request_count": 1})", "request_count: expected 1, got 2"},
        {token_scenario(), R"({"request_count": {"min": 3}})", "request_count: expected 3 to any, got 2"},
        {token_scenario(), R"({"request_count": {"max": 1}})", "request_count: expected any to 1, got 2"},
        {token_scenario(), R"({"requests": [{"method": "GET"}]})", "request 1: method: expected GET, got POST"},
        {token_scenario(), R"({"requests": [{"url": "https://elsewhere.example/"}]})", "request 1: url: expected"},
        {token_scenario(), R"({"requests": [{"url_differs": ["https://a.example/", "https://b.example/"]}]})",
         "expected https://a.example/ or https://b.example/, got"},
        {token_scenario(), R"({"requests": [{}, {"headers": {"metadata": "true"}}]})",
         "request 2: header metadata: expected true, got none"},
        {token_scenario(), R"({"requests": [{"query": {"api-version": "1"}}]})",
         "request 1: query api-version: expected 1, got none"},
        {token_scenario(), R"({"requests": [{"body_form": {"client_secret": "other"}}]})",
         "form field client_secret: expected other, got test-secret"},
        {token_scenario(), R"({"requests": [{"body_text": "grant_type=other"}]})",
         "body: expected grant_type=other, got "},
        {token_scenario(), R"({"requests": [{"times": 3}]})", "request 3: expected"},
        {token_scenario(), R"({"requests": [{"assertion": {"lifetime_s": 600}}]})",
         "request 1: assertion: expected one, got 0"},
        {token_scenario(), R"({"request_count": {"min": 1}, "requests": [{"method": "GET"}]})",
         "request 1: method: expected GET, got POST"},
        {token_scenario(), R"({"expires_in_s": 3615})", "expires_in_s: expected 3615, got 3597"},
        {token_scenario(), R"({"min_delays_ms": [2001]})",
         "wait before attempt 2: expected at least 2001 ms, got 2000"},
        {token_scenario(), R"({"min_delays_ms": [1, 1]})",
         "wait before attempt 3: expected at least 1 ms, got no such"},
        {token_scenario(), R"({"max_total_ms": 1999})", "max_total_ms: expected at most 1999, got 2000"},
        {token_scenario(), R"({"tool_runs": ["az"]})", "tool_runs: expected az, got none"},
        {refusal_scenario(), R"({"results": ["tokens"]})",
         "result 1: expected tokens, got error authentication_failed"},
        {refusal_scenario(), R"({"error_class": "unavailable"})", "error_class: expected unavailable, got failed"},
        {refusal_scenario(), R"({"error_class": "configuration"})", "error_class: expected configuration, got failed"},
        {tool_scenario(), R"({"tool_runs": []})", "tool_runs: expected none, got az"},
        {tool_scenario(), R"({"tool_runs": ["az", "az"]})", "tool_runs: expected az az, got az"},
        {tool_scenario(), R"({"command_lines_seen": [["az", "login"]]})",
         "command line: expected one of those seen, got az account get-access-token"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.patch);
      Json scenario = row.scenario;
      scenario["expect"].merge_patch(parsed(row.patch));
      const Run result = run(scenario);
      CAPTURE(result.out);
      CHECK(has(result.out, row.difference));
      CHECK(result.out.ends_with("0 passed, 1 failed\n"));
      CHECK(result.exit_code == 1);
    }
  }

  TEST_CASE("I-67: a scenario that passes fails all the same where a secret of it is seen") {
    const Run result = run(leaking_scenario());
    CHECK(result.out.find("client_secret is in the attempts of call 1") != std::string::npos);
    CHECK(result.exit_code == 1);
  }

  TEST_CASE("misuse counts as such only where nothing was sent") {
    Json scenario = token_scenario();
    scenario["given"]["steps"] = parsed(
        R"([{"op": "get_token", "scopes": ["https://vault.azure.net/.default"]}, {"op": "get_token", "scopes": []}])");
    scenario["expect"] = parsed(R"({"results": ["token-1", "error"], "error_class": "configuration"})");
    CHECK(has(run(scenario).out, "expected configuration, got configuration, but sent"));

    scenario["given"]["steps"].erase(0);
    scenario["expect"]["results"].erase(0);
    CHECK(run(scenario).exit_code == 0);
  }

  TEST_CASE("nothing that is not known is skipped in silence") {
    struct Row {
      const char* patch;
      const char* difference;
    };
    const std::vector<Row> rows = {
        {R"({"given": {"moon": 1}})", "unknown field given.moon"},
        {R"({"given": {"options": {"moon": 1}}})", "unknown field given.options.moon"},
        {R"({"given": {"options": {"options": {"moon": 1}}}})", "unknown field given.options.options.moon"},
        {R"({"given": {"options": {"kind": "Moon"}}})", "unknown kind Moon"},
        {R"({"given": {"options": null}})", "unknown kind"},
        {R"({"given": {"steps": [{"op": "fly"}]}})", "given.steps[0].op is unknown: fly"},
        {R"({"given": {"steps": [{"op": "sleep", "seconds": 1}]}})", "unknown field given.steps[0].seconds"},
        {R"({"given": {"replies": [{"fail": "moon"}]}})", "given.replies[0].fail is unknown: moon"},
        {R"({"given": {"replies": [{"body": ""}]}})", "unknown field given.replies[0].body"},
        {R"({"given": {"tools": {"az": {"moon": 1}}}})", "unknown field given.tools.az.moon"},
        {R"({"given": {"env": {"A": {"$moon": 1}}}})", "unknown marker $moon"},
        {R"({"given": {"files": {"a": {"$fixture": "moon"}}}})", "no fixture moon"},
        {R"({"given": {"time_zone": "Moon/Tycho"}})", "does not know the time zone Moon/Tycho"},
        {R"({"given": {"files": {"../../escape": "x"}}})", "a file outside of the scenario's folder"},
        {R"({"expect": {"moon": 1}})", "unknown field expect.moon"},
        {R"({"expect": {"requests": [{"moon": 1}]}})", "unknown field expect.requests[0].moon"},
        {R"({"expect": {"request_count": {"least": 1}}})", "unknown field expect.request_count.least"},
        {R"({"expect": {"request_count": "two"}})", "expect.request_count is not a whole number"},
        {R"({"expect": {"error_class": "bad"}})", "expect.error_class is unknown: bad"},
        {R"({"expect": null})", "it has no `expect`"},
        {R"({"given": null})", "it has no `given`"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.patch);
      Json scenario = token_scenario();
      scenario.merge_patch(parsed(row.patch));
      const Run result = run(scenario);
      CAPTURE(result.out);
      CHECK(has(result.out, row.difference));
      CHECK(result.exit_code == 1);
    }
  }

  TEST_CASE("a recorded behaviour passes only where the scenario accepts either") {
    Json scenario = refusal_scenario();
    scenario["expect"] = parsed(R"({"results": ["token-9"], "request_count": 1})");
    scenario["sdk"] = parsed(R"({"js": {"outcome": {"token": "token-8"}, "request_count": 1, "requests": []},
        "cpp": {"outcome": {"error_kind": "E"}, "request_count": 1, "requests": [{"method": "POST",
            "headers": {"x-of-this-sdk": "1"}, "body_form": {"client_secret": "test-secret", "x-client-SKU": "y"}}]}})");
    scenario["sdk"]["cpp"]["requests"][0]["url"] = std::string(kTokenUrl) + "?client-request-id=<guid>";
    scenario["sdk"]["cpp"]["requests"][0]["query"] = parsed(R"({"client-request-id": "<guid>"})");
    CHECK(run(scenario).exit_code == 1);
    scenario["expect"]["either"] = true;
    CHECK(run(scenario).out == "1 passed, 0 failed\n");

    SUBCASE("with another request") { scenario["sdk"]["cpp"]["requests"][0]["url"] = "https://other.example/"; }
    SUBCASE("with another count") { scenario["sdk"]["cpp"]["request_count"] = 2; }
    SUBCASE("with another class of error") { scenario["expect"]["error_class"] = "unavailable"; }
    SUBCASE("with a tool") { scenario["sdk"]["cpp"]["tool_runs"] = parsed(R"([{"tool": "az"}])"); }
    SUBCASE("with an SDK that has no such credential") { scenario["sdk"]["cpp"]["unsupported"] = "none"; }
    CHECK(run(scenario).exit_code == 1);
  }

  TEST_CASE("callers at once are judged one by one") {
    Json scenario = token_scenario();
    scenario["given"]["replies"] = parsed(R"([
        {"delay_ms": 200, "json": {"token_type": "Bearer", "expires_in": 3599, "access_token": "token-1"}},
        {"json": {"token_type": "Bearer", "expires_in": 3599, "access_token": "token-2"}}])");
    scenario["given"]["steps"][0]["parallel"] = 8;
    scenario["expect"] = parsed(R"({"results": ["tokens"], "request_count": 1, "expires_in_s": 3599})");
    CHECK(run(scenario).out == "1 passed, 0 failed\n");
    scenario["expect"]["results"][0] = "token-2";
    CHECK(has(run(scenario).out, "result 1: expected token-2, got token-1"));
    scenario["expect"]["results"][0] = "token-1";
    scenario["expect"]["max_total_ms"] = 199;
    CHECK(has(run(scenario).out, "max_total_ms: expected at most 199, got 200"));
  }

  TEST_CASE("one broken file does not end the run") {
    Folder folder;
    folder.add(token_scenario());
    folder.add_text("broken.json", "{");
    folder.add_text("list.json", "[]");
    Json copy = token_scenario();
    folder.add_text("zzz-same-id.json", to_text(copy));
    const Run result = folder.run();
    CHECK(has(result.out, "broken: "));
    CHECK(has(result.out, "list: scenario is not an object"));
    CHECK(has(result.out, "sample: another file has the same id"));
    CHECK(result.out.ends_with("1 passed, 3 failed\n"));
  }

  TEST_CASE("a failing scenario is one line with its words, and many where asked") {
    Folder folder;
    Json scenario = refusal_scenario();
    scenario["expect"] = parsed(R"({"results": ["token-1"], "request_count": 3, "must": "be kind", "why": "so"})");
    folder.add(scenario);
    const Run brief = folder.run();
    CHECK(has(brief.out, "sample: result 1: expected token-1, got error"));
    CHECK(has(brief.out, "; request_count: expected 3, got 1 (must: be kind; why: so)\n1 passed") == false);
    CHECK(has(brief.out, "; request_count: expected 3, got 1 (must: be kind; why: so)\n0 passed, 1 failed\n"));
    folder.options().verbose = true;
    const Run full = folder.run();
    CHECK(has(full.out, "\n    request_count: expected 3, got 1\n"));
    CHECK(has(full.out, "\n    sent: POST https://login.microsoftonline.com/"));
  }

  TEST_CASE("an exception is our own value in place of the scenario's, and must be needed") {
    Folder folder;
    Json scenario = refusal_scenario();
    scenario["expect"]["error_class"] = "unavailable";
    folder.add(scenario);

    folder.except(R"([{"id": "sample", "field": "error_class", "ours": "failed", "why": "it tried"}])");
    CHECK(folder.run().out == "1 judged by an exception\n1 passed, 0 failed\n");
    folder.except(R"([{"id": "sample", "field": "error_class", "ours": "configuration", "why": "it tried"}])");
    CHECK(has(folder.run().out, "error_class: expected configuration, got failed"));
    folder.except(R"([{"id": "sample", "field": "error_class", "ours": "failed", "why": "it tried"},
                      {"id": "sample", "field": "request_count", "ours": {"min": 1}, "why": "none"}])");
    CHECK(has(folder.run().out, "the exception for request_count is not needed"));
    folder.except(R"([{"id": "sample", "field": "error_class", "ours": "failed", "why": "it tried"},
                      {"id": "sample", "field": "max_total_ms", "ours": -1, "why": "stricter"}])");
    CHECK(has(folder.run().out, "max_total_ms: expected at most -1, got 0"));

    folder.except(R"([{"id": "nobody", "field": "error_class", "ours": "failed", "why": "x"}])");
    CHECK(has(folder.run().out, "nobody: there is an exception for it, and no such scenario"));
    folder.options().all_exceptions_apply = false;
    CHECK_FALSE(has(folder.run().out, "nobody"));

    for (const char* malformed :
         {R"([{"id": "sample", "field": "moon", "ours": 1, "why": "x"}])",
          R"([{"id": "sample", "field": "results", "ours": [], "why": ""}])",
          R"([{"id": "sample", "field": "results", "why": "x"}])",
          R"([{"id": "sample", "field": "results", "ours": [], "why": "x", "moon": 1}])", R"({})", "["}) {
      CAPTURE(malformed);
      folder.except(malformed);
      CHECK(folder.run().exit_code == 2);
    }
  }

  TEST_CASE("an exception for a scenario that passes without it fails") {
    Folder folder;
    folder.add(refusal_scenario());
    folder.except(R"([{"id": "sample", "field": "error_class", "ours": "any", "why": "x"}])");
    const Run result = folder.run();
    CHECK(has(result.out, "the exception is no longer needed"));
    CHECK(result.exit_code == 1);
  }

  TEST_CASE("a folder without scenarios is wrong usage") {
    Folder folder;
    const Run empty = folder.run();
    CHECK(empty.exit_code == 2);
    CHECK(has(empty.errors, "no scenario (*.json) in "));

    folder.add(token_scenario());
    folder.options().only = "other";
    CHECK(folder.run().exit_code == 2);

    std::ostringstream out;
    std::ostringstream errors;
    VectorRunOptions options;
    options.directory = "/nonexistent/folder";
    CHECK(run_vectors(options, out, errors) == 2);
    CHECK(errors.str() == "no such folder: /nonexistent/folder\n");
  }
}

}  // namespace azf::test
