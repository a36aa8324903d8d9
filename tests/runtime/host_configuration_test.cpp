#include "runtime/host_configuration.h"

#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/temporary_directory.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

using azf::HostSettings;
using azf::parse_time_span;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

// The settings with that host.json and those variables, and what was logged on the way.
struct Loaded {
  HostSettings settings;
  std::string log;
};

Loaded load(const std::string& host_json, azf::Environment environment = {}) {
  const azf::test::TemporaryDirectory root;
  if (!host_json.empty()) (void)root.write("host.json", host_json);
  environment.set("FUNCTIONS_APP_ROOT_PATH", root.path());
  const azf::test::FakeClock clock;
  azf::test::MemoryLogSink sink;
  const azf::Logger log(sink, clock, azf::LogLevel::kDebug, azf::LogFormat::kJson);
  const azf::HostConfiguration configuration(environment, log);
  CHECK(sink.text().empty());
  const auto settings = configuration.settings();
  (void)configuration.settings();
  return {settings, sink.text()};
}

azf::Environment environment(std::map<std::string, std::string, std::less<>> variables) {
  return azf::Environment(std::move(variables));
}

}  // namespace

TEST_SUITE("runtime") {
  TEST_CASE("without settings the host's defaults hold") {
    const auto loaded = load(R"({"version":"2.0"})");
    CHECK(loaded.settings == HostSettings{.route_prefix = "api", .function_timeout = minutes(30)});
    CHECK(loaded.log.empty());
    CHECK(load("{}", environment({{"WEBSITE_SKU", "Dynamic"}})).settings.function_timeout == minutes(5));
  }

  TEST_CASE("host.json sets prefix and time-out, with comments and any letter case") {
    const auto loaded = load(R"({
      // for people
      "functionTimeout": "00:07:30",
      "Extensions": { "http": { "ROUTEPREFIX": "/v1/things/" } } /* and more */
    })");
    CHECK(loaded.settings == HostSettings{.route_prefix = "v1/things", .function_timeout = seconds(450)});
    CHECK(loaded.log.empty());
    CHECK(load(R"({"extensions":{"http":{"routePrefix":""}}})").settings.route_prefix.empty());
    CHECK(load(R"({"functionTimeout":"-1"})").settings.function_timeout == std::nullopt);
  }

  TEST_CASE("app settings override host.json, and both together leave it unread") {
    const auto both = environment({{"AzureFunctionsJobHost__extensions__http__routePrefix", "x"},
                                   {"AzureFunctionsJobHost__functionTimeout", "01:00:00"}});
    const auto loaded = load("this is no JSON", both);
    CHECK(loaded.settings == HostSettings{.route_prefix = "x", .function_timeout = hours(1)});
    CHECK(loaded.log.empty());

    const auto one = environment({{"AzureFunctionsJobHost__functionTimeout", "01:00:00"}});
    CHECK(load(R"({"functionTimeout":"00:01:00","extensions":{"http":{"routePrefix":"y"}}})", one).settings ==
          HostSettings{.route_prefix = "y", .function_timeout = hours(1)});
  }

  TEST_CASE("the profiles for web servers have no prefix unless one is set") {
    CHECK(load(R"({"configurationProfile":"mcp-custom-handler"})").settings.route_prefix.empty());
    CHECK(load(R"({"configurationProfile":"default"})").settings.route_prefix == "api");
    CHECK(load(R"({"configurationProfile":"web-app-custom-handler","extensions":{"http":{"routePrefix":"p"}}})")
              .settings.route_prefix == "p");
  }

  TEST_CASE("a host.json that is missing or broken is named once, and the defaults hold") {
    for (const auto* text : {"", "{", "[]", R"({"version":)", "\xff"}) {
      CAPTURE(text);
      const auto loaded = load(text);
      CHECK(loaded.settings == HostSettings{});
      CHECK(loaded.log.find("host.json is not usable") != std::string::npos);
      CHECK(loaded.log.find("host.json is not usable") == loaded.log.rfind("host.json is not usable"));
      CHECK(loaded.log.find("\"level\":\"warn\"") != std::string::npos);
    }
  }

  TEST_CASE("threads that come together read once and see the same") {
    const azf::test::FakeClock clock;
    azf::test::MemoryLogSink sink;
    const azf::Logger log(sink, clock, azf::LogLevel::kDebug, azf::LogFormat::kJson);
    const auto settings = environment({{"FUNCTIONS_APP_ROOT_PATH", "/nowhere"}});
    const azf::HostConfiguration configuration(settings, log);
    std::vector<HostSettings> seen(4);
    std::vector<std::thread> threads;
    for (auto& one : seen) threads.emplace_back([&configuration, &one] { one = configuration.settings(); });
    for (auto& thread : threads) thread.join();
    for (const auto& one : seen) CHECK(one == HostSettings{});
    CHECK(sink.lines().size() == 1);
  }

  TEST_CASE("a time-out that cannot be read is named, and the default holds") {
    const auto loaded = load(R"({"functionTimeout":"soon","extensions":{"http":{"routePrefix":5}}})");
    CHECK(loaded.settings == HostSettings{});
    CHECK(loaded.log.find("functionTimeout is not a time span") != std::string::npos);
  }

  TEST_CASE("time spans have .NET's form") {
    CHECK(parse_time_span("00:05:00") == minutes(5));
    CHECK(parse_time_span("5:00") == hours(5));
    CHECK(parse_time_span("1.02:03:04") == hours(26) + minutes(3) + seconds(4));
    CHECK(parse_time_span("1.02:03") == hours(26) + minutes(3));
    CHECK(parse_time_span("2") == hours(48));
    for (const auto* text : {"", "00:00:00", "-1", "24:00:00", "00:60:00", "00:00:60", "1:2:3:4", "a", "1:", ":1",
                             "1.2", "00:05:00 ", "200000", "99999999999999999999", "1::2"}) {
      CAPTURE(text);
      CHECK_FALSE(parse_time_span(text));
    }
  }
}
