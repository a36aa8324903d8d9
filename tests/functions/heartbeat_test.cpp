#include "support/test_app.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

using azf::ErrorKind;
using azf::Json;
using azf::test::fake_refusal;
using azf::test::fake_token;
using azf::test::json_body;
using azf::test::TestApp;

namespace {

const Json kTick = {
    {"timer", {{"Schedule", {{"AdjustForDST", true}}}, {"ScheduleStatus", nullptr}, {"IsPastDue", true}}}};

}  // namespace

TEST_SUITE("functions") {
  TEST_CASE("a tick asks for the token of every declared scope and logs each") {
    TestApp app;
    app.credential.add_outcome(fake_token("eyJ.secret", app.clock.system_now() + std::chrono::hours(1)));
    const auto reply = app.invoke("heartbeat", kTick);
    CHECK(reply.status == 200);
    CHECK(json_body(reply) == Json{{"Logs", {"tokens fresh: 1 of 1"}}});
    REQUIRE(app.credential.requests().size() == 1);
    CHECK(app.credential.requests()[0].scopes == std::vector<std::string>{"https://management.azure.com/.default"});
    const auto log = app.log_sink.text();
    CHECK(log.find(R"("past_due":"true")") != std::string::npos);
    CHECK(log.find(R"("expires_on":"2026-01-02T04:04:05Z")") != std::string::npos);
    CHECK(log.find("eyJ.secret") == std::string::npos);
  }

  TEST_CASE("a token that cannot be had is a warning, and the tick succeeds") {
    TestApp app;
    app.credential.add_outcome(fake_refusal(ErrorKind::kTimeout, "no answer"));
    const auto reply = app.invoke("heartbeat", kTick);
    CHECK(reply.status == 200);
    CHECK(json_body(reply) == Json{{"Logs", {"tokens fresh: 0 of 1"}}});
    CHECK(app.log_sink.text().find(R"("level":"warn")") != std::string::npos);
    CHECK(app.log_sink.text().find("no answer") != std::string::npos);
  }

  TEST_CASE("a tick without a timer value, as an admin call starts it, works; one of another shape fails") {
    TestApp app;
    app.credential.add_outcome(fake_refusal(ErrorKind::kCredentialUnavailable, "none"));
    CHECK(app.invoke("heartbeat", Json::object()).status == 200);
    CHECK(app.invoke("heartbeat", {{"timer", "tick"}}).status == 500);
  }
}
