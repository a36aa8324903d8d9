#include "server/handler_options.h"

#include <doctest/doctest.h>

#include <string>

using azf::Environment;
using azf::ErrorKind;
using azf::load_handler_options;

namespace {

Environment with(std::initializer_list<std::pair<const char*, const char*>> variables) {
  Environment environment;
  for (const auto& [name, value] : variables) environment.set(name, value);
  return environment;
}

}  // namespace

TEST_SUITE("server") {
  TEST_CASE("H-02: the host's port is used, its old name only without the new one") {
    CHECK(load_handler_options(with({{"FUNCTIONS_CUSTOMHANDLER_PORT", "7001"}, {"FUNCTIONS_HTTPWORKER_PORT", "7002"}}))
              ->port == 7001);
    CHECK(load_handler_options(with({{"FUNCTIONS_HTTPWORKER_PORT", "7002"}}))->port == 7002);
    CHECK_FALSE(load_handler_options({})->port.has_value());
  }

  TEST_CASE("H-03: a port that is none is refused by name") {
    for (const char* text : {"0", "65536", "-1", "80 ", " 80", "0x50", "http", "7001;", "99999999999999999999"}) {
      CAPTURE(text);
      const auto options = load_handler_options(with({{"FUNCTIONS_CUSTOMHANDLER_PORT", text}}));
      REQUIRE_FALSE(options);
      CHECK(options.error().kind == ErrorKind::kInvalidArgument);
      CHECK(options.error().message ==
            "FUNCTIONS_CUSTOMHANDLER_PORT must be a TCP port between 1 and 65535, got \"" + std::string(text) + "\"");
    }
  }

  TEST_CASE("all wrong settings are reported together, a long value only by its length") {
    const auto options = load_handler_options(with({{"AZF_LOG_LEVEL", "loud"},
                                                    {"AZF_LOG_FORMAT", "a value that was pasted by mistake"},
                                                    {"AZF_DRAIN_SECONDS", "601"}}));
    REQUIRE_FALSE(options);
    CHECK(options.error().message ==
          "AZF_LOG_LEVEL must be debug, info, warn or error, got \"loud\"\n"
          "AZF_LOG_FORMAT must be json or text, got 34 characters\n"
          "AZF_DRAIN_SECONDS must be a whole number of seconds between 0 and 600, got \"601\"");
  }

  TEST_CASE("settings are read, and have defaults") {
    const auto options = load_handler_options(
        with({{"AZF_LOG_LEVEL", "debug"}, {"AZF_LOG_FORMAT", "text"}, {"AZF_DRAIN_SECONDS", "3"}}));
    REQUIRE(options);
    CHECK(options->log_level == azf::LogLevel::kDebug);
    CHECK(options->log_format == azf::LogFormat::kText);
    CHECK(options->drain_limit == std::chrono::seconds(3));
    CHECK(load_handler_options({})->drain_limit == std::chrono::seconds(10));
  }
}
