#include "server/listener.h"

#include "support/raw_connection.h"

#include <doctest/doctest.h>

#include <string>

using azf::Listener;

TEST_SUITE("server") {
  TEST_CASE("H-01: it accepts on 127.0.0.1 from the moment it exists") {
    const auto listener = Listener::create(0);
    REQUIRE(listener);
    CHECK(listener->port() != 0);
    CHECK_NOTHROW(azf::test::RawConnection(listener->port()));
  }

  TEST_CASE("H-03: an occupied port is refused with its number and what to do") {
    const auto first = Listener::create(0);
    REQUIRE(first);
    const auto second = Listener::create(first->port());
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == azf::ErrorKind::kTransport);
    CHECK(second.error().message.find("127.0.0.1:" + std::to_string(first->port()) + ": Address already in use") !=
          std::string::npos);
  }

  TEST_CASE("H-04: a port on which connections of a predecessor linger is bound again at once") {
    auto first = Listener::create(0);
    REQUIRE(first);
    const azf::test::RawConnection open(first->port());
    const auto port = first->port();
    first->close();
    CHECK(Listener::create(port));
  }
}
