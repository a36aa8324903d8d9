#include "support/test_app.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

using azf::Deadline;
using azf::ErrorKind;
using azf::Json;
using azf::test::fake_refusal;
using azf::test::fake_token;
using azf::test::json_body;
using azf::test::TestApp;

namespace {

const std::string kScopePart = "token https://management.azure.com/.default";

}  // namespace

TEST_SUITE("functions") {
  TEST_CASE("live answers without asking anybody") {
    const TestApp app;
    const auto response = app.get("/api/health/live");
    CHECK(response.status == 200);
    CHECK(json_body(response) == Json{{"live", true}});
    CHECK(app.credential.requests().empty());
  }

  TEST_CASE("ready lists the functions and each declared scope") {
    TestApp app;
    app.credential.add_outcome(fake_token("t", app.clock.system_now() + std::chrono::hours(1)));
    const auto response = app.get("/api/health/ready");
    CHECK(response.status == 200);
    CHECK(json_body(response) == Json{{"ready", true},
                                      {"parts",
                                       {{"functions", {{"ready", true}, {"count", app.router().functions().size()}}},
                                        {kScopePart, {{"ready", true}}}}}});
    REQUIRE(app.credential.deadlines().size() == 1);
    CHECK(app.credential.deadlines()[0].remaining(app.clock) == std::chrono::seconds(2));
  }

  TEST_CASE("not ready is 503 with a reason fit for everybody; the whole reason is in the log") {
    TestApp app;
    app.credential.add_outcome(fake_refusal(ErrorKind::kAuthenticationFailed, "tenant contoso refused app 7"));
    const auto response = app.get("/api/health/ready");
    CHECK(response.status == 503);
    CHECK(json_body(response).at("parts").at(kScopePart) ==
          Json{{"ready", false}, {"reason", "the credential was refused"}});
    CHECK(response.body.find("contoso") == std::string::npos);
    CHECK(app.log_sink.text().find("tenant contoso refused app 7") != std::string::npos);
  }

  TEST_CASE("ready asks the credential at most every ten seconds") {
    TestApp app;
    app.credential.add_outcome(fake_refusal(ErrorKind::kCredentialUnavailable, "none"));
    CHECK(app.get("/api/health/ready").status == 503);
    app.clock.advance(std::chrono::milliseconds(9'999));
    CHECK(app.get("/api/health/ready").status == 503);
    CHECK(app.credential.requests().size() == 1);

    app.clock.advance(std::chrono::milliseconds(1));
    app.credential.add_outcome(fake_token("t", app.clock.system_now() + std::chrono::hours(1)));
    CHECK(app.get("/api/health/ready").status == 200);
    CHECK(app.credential.requests().size() == 2);
  }

  TEST_CASE("probes that come together share one check") {
    TestApp app;
    app.credential.add_outcome(fake_token("t", app.clock.system_now() + std::chrono::hours(1)));
    std::vector<int> statuses(4);
    std::vector<std::thread> threads;
    for (auto& status : statuses) {
      threads.emplace_back([&app, &status] { status = app.get("/api/health/ready").status; });
    }
    for (auto& thread : threads) thread.join();
    CHECK(statuses == std::vector(4, 200));
    CHECK(app.credential.requests().size() == 1);
  }

  TEST_CASE("another probe is 404") {
    const TestApp app;
    const auto response = app.get("/api/health/other");
    CHECK(response.status == 404);
    CHECK(json_body(response).at("detail") == "There are the probes live and ready.");
  }
}
