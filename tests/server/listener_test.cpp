#include "server/listener.h"

#include "support/raw_connection.h"

#include <doctest/doctest.h>

#include <cerrno>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string>
#include <sys/socket.h>
#include <unistd.h>

using azf::IpAddress;
using azf::Listener;
using azf::parse_ip_address;

namespace {

// Whether a client can connect to that address on the listener's port.
bool reaches(const IpAddress& address, const Listener& listener) {
  const int client = ::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_storage storage = address.with_port(listener.port());
  const socklen_t size = address.family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  const bool connected = ::connect(client, reinterpret_cast<const sockaddr*>(&storage), size) == 0;
  ::close(client);
  return connected;
}

}  // namespace

TEST_SUITE("server") {
  TEST_CASE("H-01: it accepts on 127.0.0.1 from the moment it exists") {
    const auto listener = Listener::create(0);
    REQUIRE(listener);
    CHECK(listener->port() != 0);
    CHECK_NOTHROW(azf::test::RawConnection(listener->port()));
    CHECK(listener->authority() == "127.0.0.1:" + std::to_string(listener->port()));
    CHECK_FALSE(reaches(*parse_ip_address("127.0.0.2"), *listener));
  }

  TEST_CASE("it listens where it is told: on one address, or on all of IPv4, or on all") {
    struct Row {
      const char* address;
      const char* authority;
      bool ipv4;
      bool ipv6;
    };
    for (const Row& row : {Row{"0.0.0.0", "0.0.0.0:", true, false},
                           {"127.0.0.2", "127.0.0.2:", false, false},
                           {"::1", "[::1]:", false, true},
                           {"::", "[::]:", true, true}}) {
      CAPTURE(row.address);
      const auto listener = Listener::create(0, *parse_ip_address(row.address));
      if (!listener && row.ipv6) {
        MESSAGE("not tested, this machine has no IPv6: ", listener.error().message);
        continue;
      }
      REQUIRE(listener);
      CHECK(listener->authority() == row.authority + std::to_string(listener->port()));
      CHECK(reaches(IpAddress::loopback(), *listener) == row.ipv4);
      CHECK(reaches(*parse_ip_address("::1"), *listener) == row.ipv6);
    }
  }

  TEST_CASE("an address that this machine does not have is refused with what is wrong") {
    // RFC 5737: reserved for documentation.
    const auto listener = Listener::create(0, *parse_ip_address("192.0.2.1"));
    REQUIRE_FALSE(listener);
    CHECK(listener.error().kind == azf::ErrorKind::kTransport);
    CHECK(
        listener.error().message ==
        "cannot listen on 192.0.2.1:0: Cannot assign requested address; no interface of this machine has this address");
  }

  TEST_CASE("accepting never waits, and what it accepts sends without delay") {
    const auto listener = Listener::create(0);
    REQUIRE(listener);
    CHECK(::accept4(listener->descriptor(), nullptr, nullptr, SOCK_CLOEXEC) == -1);
    CHECK(errno == EAGAIN);
    const azf::test::RawConnection client(listener->port());
    const int accepted = ::accept4(listener->descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
    REQUIRE(accepted >= 0);
    int without_delay = 0;
    socklen_t size = sizeof without_delay;
    CHECK(::getsockopt(accepted, IPPROTO_TCP, TCP_NODELAY, &without_delay, &size) == 0);
    CHECK(without_delay != 0);
    ::close(accepted);
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
