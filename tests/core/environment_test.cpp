#include "core/environment.h"

#include <doctest/doctest.h>

using azf::Environment;

TEST_SUITE("core") {
  TEST_CASE("variables are read from NAME=value entries, split at the first equals sign") {
    const char* const entries[] = {"PORT=7071", "PAIR=a=b", "no equals sign", "EMPTY=", nullptr};
    const Environment environment(entries);
    CHECK(environment.get("PORT") == "7071");
    CHECK(environment.get("PAIR") == "a=b");
    CHECK_FALSE(environment.has("no equals sign"));
    CHECK_FALSE(environment.has("port"));
  }

  TEST_CASE("an empty variable counts as not set") {
    Environment environment;
    environment.set("EMPTY", "");
    CHECK_FALSE(environment.get("EMPTY").has_value());
    CHECK_FALSE(environment.get_secret("EMPTY").has_value());
  }

  TEST_CASE("a variable that is set anew has its new value") {
    Environment environment;
    environment.set("NAME", "old");
    environment.set("NAME", "new");
    CHECK(environment.get("NAME") == "new");
    CHECK(environment.get_secret("NAME")->expose() == "new");
  }

  TEST_CASE("all variables can be listed, empty ones too") {
    const char* const entries[] = {"PORT=7071", "EMPTY=", "no equals sign", nullptr};
    const std::map<std::string, std::string, std::less<>> expected = {{"EMPTY", ""}, {"PORT", "7071"}};
    CHECK((Environment(entries).entries() == expected));
  }

  TEST_CASE("a process without any variable is served") {
    CHECK_FALSE(Environment(static_cast<const char* const*>(nullptr)).has("PATH"));
  }
}
