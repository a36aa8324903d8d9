#include "runtime/original_request.h"

#include <doctest/doctest.h>

using azf::Headers;
using azf::HttpRequest;
using azf::original_host;
using azf::original_scheme;

TEST_SUITE("runtime") {
  TEST_CASE("H-34: a forwarded request keeps the caller's host, a proxied one says it in X-Forwarded-Host") {
    const HttpRequest forwarded{.headers = {{"Host", "app.example:8443"}, {"X-Forwarded-Proto", "https"}}};
    CHECK(original_host(forwarded) == "app.example:8443");
    CHECK(original_scheme(forwarded) == "https");

    const HttpRequest proxied{.headers = {{"Host", "127.0.0.1:43017"},
                                          {"X-Forwarded-Host", "app.example, inner.example"},
                                          {"X-Forwarded-Proto", "HTTPS,http"}}};
    CHECK(original_host(proxied) == "app.example");
    CHECK(original_scheme(proxied) == "https");
  }

  TEST_CASE("without any of these headers the host is unknown and the scheme http") {
    CHECK(original_host({}).empty());
    CHECK(original_scheme({}) == "http");
    const HttpRequest odd{.headers = {{"X-Forwarded-Proto", "gopher"}}};
    CHECK(original_scheme(odd) == "http");
  }
}
