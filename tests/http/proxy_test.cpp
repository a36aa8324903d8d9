#include "http/proxy.h"

#include <doctest/doctest.h>

using azf::Environment;
using azf::find_proxy;
using azf::Proxy;

TEST_SUITE("http") {
  TEST_CASE("the scheme's own variable comes first, and lower case before upper case") {
    Environment environment;
    for (const auto* variable : {"ALL_PROXY", "all_proxy", "HTTPS_PROXY", "https_proxy"}) {
      CAPTURE(variable);
      environment.set(variable, "http://p");
      CHECK(find_proxy(environment, "https") == Proxy{variable, "http://p"});
    }
    CHECK(find_proxy(environment, "http") == Proxy{"all_proxy", "http://p"});
    environment.set("http_proxy", "q");
    CHECK(find_proxy(environment, "http") == Proxy{"http_proxy", "q"});
  }

  TEST_CASE("HTTP_PROXY is not read, as a request header may have made it") {
    Environment environment;
    environment.set("HTTP_PROXY", "http://p");
    CHECK_FALSE(find_proxy(environment, "http"));
    CHECK_FALSE(find_proxy(environment, "https"));
  }

  TEST_CASE("exemptions are read in lower case before upper case") {
    Environment environment;
    CHECK(azf::proxy_exemptions(environment).empty());
    environment.set("NO_PROXY", "a.example");
    CHECK(azf::proxy_exemptions(environment) == "a.example");
    environment.set("no_proxy", "*");
    CHECK(azf::proxy_exemptions(environment) == "*");
  }
}
