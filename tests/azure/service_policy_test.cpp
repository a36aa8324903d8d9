#include "azure/service_policy.h"

#include <doctest/doctest.h>

using azf::Environment;
using azf::ErrorKind;
using azf::azure::default_service_policy;
using azf::azure::known_services;
using azf::azure::load_service_policy;
using azf::azure::ServicePolicy;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

Environment with(std::string name, std::string value) {
  Environment environment;
  environment.set(std::move(name), std::move(value));
  return environment;
}

}  // namespace

TEST_SUITE("azure") {
  TEST_CASE("each service has its defaults") {
    struct Row {
      std::string_view name;
      seconds try_timeout;
      int max_retries;
      milliseconds base_delay;
      std::size_t max_concurrent;
    };
    for (const auto& row :
         {Row{"openai", seconds(120), 2, milliseconds(500), 64},
          Row{"session-pool", seconds(250), 3, milliseconds(800), 32}, Row{"key-vault", seconds(30), 4, seconds(1), 16},
          Row{"blob", seconds(60), 3, milliseconds(800), 64}, Row{"queue", seconds(30), 3, milliseconds(800), 32},
          Row{"graph", seconds(30), 3, milliseconds(800), 16}, Row{"another", seconds(30), 0, milliseconds(800), 64}}) {
      CAPTURE(row.name);
      const ServicePolicy policy = default_service_policy(row.name);
      CHECK(policy.connect_timeout == seconds(10));
      CHECK(policy.try_timeout == row.try_timeout);
      CHECK(policy.retry.max_retries == row.max_retries);
      CHECK(policy.retry.base_delay == row.base_delay);
      CHECK(policy.bulkhead.max_concurrent == row.max_concurrent);
      CHECK(policy.breaker.failures == 10);
      CHECK(policy.breaker.open_for == seconds(15));
    }
    CHECK(known_services().size() == 6);
    CHECK(default_service_policy("openai").retry.statuses == std::vector{408, 429, 500, 502, 503, 504, 409});
    CHECK_FALSE(default_service_policy("session-pool").breaker.slow_replies_count);
  }

  TEST_CASE("settings go before the defaults, for their service alone") {
    Environment environment;
    environment.set("AZF_SESSION_POOL_CONNECT_TIMEOUT_SECONDS", "3");
    environment.set("AZF_SESSION_POOL_TRY_TIMEOUT_SECONDS", "31");
    environment.set("AZF_SESSION_POOL_MAX_RETRIES", "0");
    environment.set("AZF_SESSION_POOL_MAX_CONCURRENT", "5");
    environment.set("AZF_SESSION_POOL_MAX_WAITING", "0");
    environment.set("AZF_SESSION_POOL_BREAKER_FAILURES", "7");
    environment.set("AZF_SESSION_POOL_BREAKER_SECONDS", "60");
    const auto defaults = default_service_policy("session-pool");
    const auto policy = load_service_policy(environment, "session-pool", defaults).value();
    CHECK(policy.connect_timeout == seconds(3));
    CHECK(policy.try_timeout == seconds(31));
    CHECK(policy.retry.max_retries == 0);
    CHECK(policy.retry.statuses == defaults.retry.statuses);
    CHECK(policy.bulkhead.max_concurrent == 5);
    CHECK(policy.bulkhead.max_waiting == 0);
    CHECK(policy.breaker.failures == 7);
    CHECK(policy.breaker.open_for == seconds(60));

    const auto other = load_service_policy(environment, "openai", default_service_policy("openai")).value();
    CHECK(other.try_timeout == seconds(120));
    CHECK(azf::azure::service_settings(environment).size() == 7);
    CHECK(azf::azure::service_settings(with("AZF_KEY_VAULT_MAX_RETRIES", "1")) ==
          std::vector<std::string>{"AZF_KEY_VAULT_MAX_RETRIES"});
  }

  TEST_CASE("a wrong setting is named, with its shape and range") {
    struct Row {
      const char* name;
      const char* value;
      const char* message;
    };
    for (const auto& row :
         {Row{"AZF_OPENAI_MAX_RETRIES", "11", "a whole number between 0 and 10, got \"11\""},
          Row{"AZF_OPENAI_MAX_RETRIES", "-1", "a whole number between 0 and 10, got \"-1\""},
          Row{"AZF_OPENAI_MAX_CONCURRENT", "0", "a whole number between 1 and 512, got \"0\""},
          Row{"AZF_OPENAI_MAX_WAITING", "1025", "a whole number between 0 and 1024, got \"1025\""},
          Row{"AZF_OPENAI_BREAKER_FAILURES", "many", "a whole number between 0 and 1000, got \"many\""},
          Row{"AZF_OPENAI_BREAKER_SECONDS", "0", "a whole number of seconds between 1 and 600, got \"0\""},
          Row{"AZF_OPENAI_TRY_TIMEOUT_SECONDS", "1.5", "a whole number of seconds between 1 and 600, got \"1.5\""},
          Row{"AZF_OPENAI_CONNECT_TIMEOUT_SECONDS", "61", "a whole number of seconds between 1 and 60, got \"61\""}}) {
      CAPTURE(row.name);
      const auto policy = load_service_policy(with(row.name, row.value), "openai", {});
      REQUIRE_FALSE(policy);
      CHECK(policy.error().kind == ErrorKind::kInvalidArgument);
      CHECK(policy.error().message == std::string(row.name) + " must be " + row.message);
    }
  }

  TEST_CASE("all wrong settings are reported together") {
    Environment environment = with("AZF_BLOB_MAX_RETRIES", "x");
    environment.set("AZF_BLOB_BREAKER_SECONDS", "y");
    const auto policy = load_service_policy(environment, "blob", {});
    REQUIRE_FALSE(policy);
    CHECK(policy.error().message ==
          "AZF_BLOB_MAX_RETRIES must be a whole number between 0 and 10, got \"x\"\n"
          "AZF_BLOB_BREAKER_SECONDS must be a whole number of seconds between 1 and 600, got \"y\"");
  }

  TEST_CASE("warming up is on, unless it is switched off") {
    CHECK(azf::azure::load_warm_up({}).value());
    CHECK(azf::azure::load_warm_up(with("AZF_WARM_UP", "on")).value());
    CHECK_FALSE(azf::azure::load_warm_up(with("AZF_WARM_UP", "off")).value());
    CHECK(azf::azure::load_warm_up(with("AZF_WARM_UP", "0")).error().message ==
          "AZF_WARM_UP must be on or off, got \"0\"");
  }

  TEST_CASE("wrong settings of all services are found together") {
    CHECK(azf::azure::check_service_settings({}));
    Environment environment = with("AZF_GRAPH_MAX_RETRIES", "x");
    environment.set("AZF_OPENAI_MAX_WAITING", "y");
    environment.set("AZF_WARM_UP", "z");
    CHECK(azf::azure::check_service_settings(environment).error().message ==
          "AZF_OPENAI_MAX_WAITING must be a whole number between 0 and 1024, got \"y\"\n"
          "AZF_GRAPH_MAX_RETRIES must be a whole number between 0 and 10, got \"x\"\n"
          "AZF_WARM_UP must be on or off, got \"z\"");
  }
}
