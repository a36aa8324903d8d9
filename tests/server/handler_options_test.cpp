#include "server/handler_options.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

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

  TEST_CASE("it listens on loopback, and elsewhere only for clients that are named") {
    const auto plain = load_handler_options({});
    REQUIRE(plain);
    CHECK(to_string(plain->listen_address) == "127.0.0.1");
    CHECK(plain->allowed_clients.empty());
    CHECK(plain->owner_check == azf::OwnerCheck::kOn);

    const auto open = load_handler_options(with({{"AZF_LISTEN_ADDRESS", "::"},
                                                 {"AZF_ALLOWED_CLIENTS", "10.0.0.4, 10.1.0.0/16 ,fd00::/8"},
                                                 {"AZF_CLIENT_OWNER_CHECK", "off"}}));
    REQUIRE(open);
    CHECK(to_string(open->listen_address) == "::");
    CHECK(open->allowed_clients == std::vector{*azf::parse_address_range("10.0.0.4"),
                                               *azf::parse_address_range("10.1.0.0/16"),
                                               *azf::parse_address_range("fd00::/8")});
    CHECK(open->owner_check == azf::OwnerCheck::kOff);
    CHECK(to_string(load_handler_options(with({{"AZF_LISTEN_ADDRESS", "::1"}}))->listen_address) == "::1");
    CHECK(load_handler_options(with({{"AZF_CLIENT_OWNER_CHECK", "on"}}))->owner_check == azf::OwnerCheck::kOn);
  }

  TEST_CASE("address and clients that do not fit each other are refused with what to do") {
    const std::string no_clients =
        "AZF_ALLOWED_CLIENTS (--allow) must be set where AZF_LISTEN_ADDRESS (--listen) is open to other machines, "
        "since "
        "whoever connects may call every function without a key: name the addresses of the proxy in front of the "
        "handler, or of the Functions host, such as 10.0.0.4 or 10.1.0.0/16";
    const std::string loopback =
        "AZF_ALLOWED_CLIENTS (--allow) must not be set where AZF_LISTEN_ADDRESS (--listen) is on loopback, since none "
        "of "
        "these clients can connect: remove it, or set AZF_LISTEN_ADDRESS, such as to 0.0.0.0";
    const std::string everybody =
        "AZF_ALLOWED_CLIENTS must be ranges that leave somebody out: what allows everybody is no list of clients, got ";
    const std::string malformed =
        "AZF_ALLOWED_CLIENTS must be addresses or ranges such as 10.0.0.4 or 10.1.0.0/16, got ";
    const std::string address = "AZF_LISTEN_ADDRESS must be an IPv4 or IPv6 address such as 0.0.0.0, got ";
    struct Row {
      const char* listen;
      const char* clients;
      std::string message;
    };
    for (const Row& row : {Row{"0.0.0.0", "", no_clients},
                           {"::", "", no_clients},
                           {"10.0.0.4", "", no_clients},
                           {"", "10.0.0.4", loopback},
                           {"127.0.0.1", "10.0.0.4", loopback},
                           {"::1", "127.0.0.1", loopback},
                           {"0.0.0.0", "0.0.0.0/0", everybody + "\"0.0.0.0/0\""},
                           {"0.0.0.0", "10.0.0.4,::/0", everybody + "\"::/0\""},
                           {"0.0.0.0", "10.0.0.4,", malformed + "\"\""},
                           {"0.0.0.0", ",", malformed + "\"\"\n" + malformed + "\"\""},
                           {"0.0.0.0", "10.0.0.4;10.0.0.5", malformed + "\"10.0.0.4;10.0.0.5\""},
                           {"localhost", "10.0.0.4", address + "\"localhost\""},
                           {"[::]:8080", "proxy", address + "\"[::]:8080\"\n" + malformed + "\"proxy\""}}) {
      CAPTURE(row.listen);
      CAPTURE(row.clients);
      const auto options =
          load_handler_options(with({{"AZF_LISTEN_ADDRESS", row.listen}, {"AZF_ALLOWED_CLIENTS", row.clients}}));
      REQUIRE_FALSE(options);
      CHECK(options.error().kind == ErrorKind::kInvalidArgument);
      CHECK(options.error().message == row.message);
    }
  }

  TEST_CASE("the check of owners is on or off, and nothing else") {
    const auto options = load_handler_options(with({{"AZF_CLIENT_OWNER_CHECK", "false"}, {"AZF_LOG_LEVEL", "loud"}}));
    REQUIRE_FALSE(options);
    CHECK(options.error().message ==
          "AZF_LOG_LEVEL must be debug, info, warn or error, got \"loud\"\n"
          "AZF_CLIENT_OWNER_CHECK must be on or off, got \"false\"");
  }
}
