#include "support/test_app.h"

#include <doctest/doctest.h>

#include <chrono>
#include <map>
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

using Settings = std::map<std::string, std::string>;

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
    const Json body = json_body(response);
    CHECK(body.at("ready") == true);
    CHECK(body.at("parts").at("functions") == Json{{"ready", true}, {"count", app.router().functions().size()}});
    CHECK(body.at("parts").at(kScopePart) == Json{{"ready", true}});
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

  TEST_CASE("ready shows how each service does, and is 503 while one is taken for down") {
    TestApp app(Settings{{"AZF_TRIED_BREAKER_FAILURES", "2"}});
    const auto token = [&] { return fake_token("t", app.clock.system_now() + std::chrono::hours(1)); };
    auto& connection = app.connections().connect({.name = "tried", .scopes = {"s"}});
    const auto ready = [&] {
      app.clock.advance(std::chrono::seconds(10));
      app.credential.add_outcome(token());
      return app.get("/api/health/ready");
    };
    const auto part = [](const azf::HttpResponse& response) {
      return json_body(response).at("parts").at("service tried");
    };
    const auto call = [&](int status) {
      app.credential.add_outcome(token());
      app.http.add_reply(azf::HttpResponse{.status = status});
      CHECK(connection.send({.url = "https://tried.example/"}, {}).value().status == status);
    };

    CHECK(part(ready()) ==
          Json{{"ready", true}, {"breaker", "closed"}, {"failures", 0}, {"in_flight", 0}, {"waiting", 0}});
    call(503);
    CHECK(part(ready()) == Json{{"ready", true},
                                {"breaker", "closed"},
                                {"failures", 1},
                                {"in_flight", 0},
                                {"waiting", 0},
                                {"last_failure", "status 503"}});
    call(503);
    const auto down = ready();
    CHECK(down.status == 503);
    CHECK(part(down) == Json{{"ready", false},
                             {"breaker", "open"},
                             {"failures", 2},
                             {"in_flight", 0},
                             {"waiting", 0},
                             {"last_failure", "status 503"},
                             {"reason", "it is taken for down, as too many calls in a row failed"}});
    // Else nobody would ever send it the call that finds it well again.
    const auto due = ready();
    CHECK(due.status == 200);
    CHECK(part(due).at("breaker") == "half-open");
  }

  TEST_CASE("a service with wrong settings is not ready, and the settings are not shown") {
    TestApp app(Settings{{"AZF_TRIED_MAX_RETRIES", "planted"}});
    app.credential.add_outcome(fake_token("t", app.clock.system_now() + std::chrono::hours(1)));
    (void)app.connections().connect({.name = "tried"});
    const auto response = app.get("/api/health/ready");
    CHECK(response.status == 503);
    CHECK(json_body(response).at("parts").at("service tried").at("reason") == "its settings are wrong");
    CHECK(response.body.find("planted") == std::string::npos);
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
