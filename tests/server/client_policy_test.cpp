#include "server/client_policy.h"

#include "server/listener.h"

#include <doctest/doctest.h>

#include <arpa/inet.h>
#include <array>
#include <cstddef>
#include <fstream>
#include <functional>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <string>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

using azf::AddressRange;
using azf::ClientPolicy;
using azf::IpAddress;
using azf::Listener;
using azf::OwnerCheck;
using azf::OwnerVerdict;
using azf::parse_address_range;
using azf::parse_ip_address;
using Kind = azf::OwnerVerdict::Kind;

namespace {

constexpr uid_t kNobody = 65534;

// As accept gives it on a socket of that family.
sockaddr_storage peer(const char* text) {
  sockaddr_storage storage{};
  auto& ipv6 = reinterpret_cast<sockaddr_in6&>(storage);
  if (::inet_pton(AF_INET6, text, &ipv6.sin6_addr) == 1) {
    storage.ss_family = AF_INET6;
    return storage;
  }
  REQUIRE(::inet_pton(AF_INET, text, &reinterpret_cast<sockaddr_in&>(storage).sin_addr) == 1);
  storage.ss_family = AF_INET;
  return storage;
}

AddressRange range(const char* text) { return *parse_address_range(text); }

class Socket {
 public:
  explicit Socket(int number) : number_(number) {}
  Socket(Socket&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Socket& operator=(Socket&&) = delete;
  ~Socket() { close(); }

  [[nodiscard]] int get() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

Socket connect_to(const Listener& listener, const IpAddress& address) {
  const sockaddr_storage storage = address.with_port(listener.port());
  Socket client(::socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC, 0));
  const socklen_t size = address.family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&storage), size) == 0);
  return client;
}

Socket accept_from(const Listener& listener) {
  pollfd ready{listener.descriptor(), POLLIN, 0};
  REQUIRE(::poll(&ready, 1, 20'000) == 1);
  Socket accepted(::accept4(listener.descriptor(), nullptr, nullptr, SOCK_CLOEXEC));
  REQUIRE(accepted.get() >= 0);
  return accepted;
}

// Both ends of a connection on 127.0.0.1.
struct Pair {
  explicit Pair(const Listener& listener)
      : client(connect_to(listener, IpAddress::loopback())), server(accept_from(listener)) {}

  Socket client;
  Socket server;
};

// Whether `body` returns true in a child process, which may change what cannot be changed back.
bool in_child(const std::function<bool()>& body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body() ? 0 : 1);
  int status = -1;
  return ::waitpid(child, &status, 0) == child && status == 0;
}

// A connection that a process of that user has opened, and holds until `finish`; this process must be root.
class ForeignClient {
 public:
  ForeignClient(const Listener& listener, uid_t user) {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::close(ends[1]);
      const sockaddr_storage storage = IpAddress::loopback().with_port(listener.port());
      char none = 0;
      const bool connected =
          ::setuid(user) == 0 && ::connect(::socket(AF_INET, SOCK_STREAM, 0),
                                           reinterpret_cast<const sockaddr*>(&storage), sizeof(sockaddr_in)) == 0;
      ::_exit(connected && ::read(ends[0], &none, 1) == 0 ? 0 : 1);
    }
    ::close(ends[0]);
    held_ = ends[1];
  }
  ForeignClient(const ForeignClient&) = delete;
  ForeignClient& operator=(const ForeignClient&) = delete;
  ~ForeignClient() { finish(); }

  void finish() {
    if (held_ < 0) return;
    ::close(std::exchange(held_, -1));
    int status = -1;
    CHECK(::waitpid(child_, &status, 0) == child_);
    CHECK(status == 0);
  }

 private:
  pid_t child_ = -1;
  int held_ = -1;
};

}  // namespace

TEST_SUITE("server") {
  TEST_CASE("addresses and ranges are read, or it is said what was expected") {
    struct Row {
      const char* text;
      const char* first;
      unsigned prefix_bits;
    };
    for (const Row& row : {Row{"10.0.0.4", "10.0.0.4", 32},
                           {"10.0.0.4/32", "10.0.0.4", 32},
                           {"10.0.0.0/8", "10.0.0.0", 8},
                           {"128.0.0.0/1", "128.0.0.0", 1},
                           {"10.0.0.4/31", "10.0.0.4", 31},
                           {"fd00::/8", "fd00::", 8},
                           {"FD00::4", "fd00::4", 128},
                           {"::1/128", "::1", 128},
                           {"::ffff:10.0.0.4", "10.0.0.4", 32},
                           {"::ffff:10.1.0.0/112", "10.1.0.0", 16}}) {
      CAPTURE(row.text);
      const auto read = parse_address_range(row.text);
      REQUIRE(read);
      CHECK(to_string(read->first) == row.first);
      CHECK(read->prefix_bits == row.prefix_bits);
    }

    const std::string malformed = "addresses or ranges such as 10.0.0.4 or 10.1.0.0/16";
    const std::string everybody = "ranges that leave somebody out: what allows everybody is no list of clients";
    const std::string not_first = "ranges that begin with their first address, as 10.1.0.0/16 does";
    for (const auto& row : {std::pair("", malformed),
                            {"/8", malformed},
                            {"10.0.0.0/", malformed},
                            {"10.0.0.0/33", malformed},
                            {"10.0.0.0/-1", malformed},
                            {"10.0.0.0/+8", malformed},
                            {"10.0.0.0/8 ", malformed},
                            {"10.0.0.0/8/8", malformed},
                            {"10.0.0.0/99999999999999999999", malformed},
                            {"10.0.0.0/255.0.0.0", malformed},
                            {" 10.0.0.4", malformed},
                            {"10.0.0", malformed},
                            {"10.0.0.256", malformed},
                            {"010.0.0.1", malformed},
                            {"10.0.0.4:80", malformed},
                            {"[::1]", malformed},
                            {"fd00::/129", malformed},
                            {"fe80::1%eth0", malformed},
                            {"::ffff:10.0.0.4/32", malformed},
                            {"::ffff:0.0.0.0/95", malformed},
                            {"localhost", malformed},
                            {"*", malformed},
                            {"0.0.0.0/0", everybody},
                            {"10.0.0.0/0", everybody},
                            {"::/0", everybody},
                            {"::ffff:0.0.0.0/96", everybody},
                            {"0.0.0.0", everybody},
                            {"::", everybody},
                            {"10.0.0.5/8", not_first},
                            {"10.0.0.5/31", not_first},
                            {"fd00::1/64", not_first}}) {
      CAPTURE(row.first);
      const auto read = parse_address_range(row.first);
      REQUIRE_FALSE(read);
      CHECK(read.error().message == row.second);
    }
  }

  TEST_CASE("an address is in a range if it is of its family and begins with its bits") {
    struct Row {
      const char* range;
      const char* address;
      bool inside;
    };
    for (const Row& row : {Row{"10.0.0.4", "10.0.0.4", true},
                           {"10.0.0.4", "10.0.0.5", false},
                           {"10.0.0.4", "::ffff:10.0.0.4", true},
                           {"::ffff:10.0.0.4", "10.0.0.4", true},
                           {"10.0.0.0/8", "10.255.255.255", true},
                           {"10.0.0.0/8", "11.0.0.0", false},
                           {"10.0.0.0/8", "9.255.255.255", false},
                           {"10.0.0.0/31", "10.0.0.1", true},
                           {"10.0.0.0/31", "10.0.0.2", false},
                           {"172.16.0.0/12", "172.31.255.255", true},
                           {"172.16.0.0/12", "172.32.0.0", false},
                           {"128.0.0.0/1", "127.255.255.255", false},
                           {"fd00::/8", "fdff::1", true},
                           {"fd00::/8", "fe00::1", false},
                           {"fd00::/65", "fd00::8000:0:0:0", false},
                           {"fd00::/65", "fd00::7fff:0:0:1", true},
                           {"::/64", "10.0.0.4", false},
                           {"::/64", "::ffff:10.0.0.4", false},
                           {"10.0.0.0/8", "a00::", false}}) {
      CAPTURE(row.range);
      CAPTURE(row.address);
      CHECK(range(row.range).contains(*parse_ip_address(row.address)) == row.inside);
      CHECK(ClientPolicy({range(row.range)}).admits_address(peer(row.address)) == row.inside);
    }
  }

  TEST_CASE("without a list all of loopback may connect, and nobody else") {
    const ClientPolicy policy;
    for (const char* address : {"127.0.0.1", "127.255.255.254", "::1", "::ffff:127.0.0.1"}) {
      CAPTURE(address);
      CHECK(policy.admits_address(peer(address)));
    }
    for (const char* address : {"10.0.0.4", "126.255.255.255", "128.0.0.0", "0.0.0.0", "::", "::2", "fe80::1"}) {
      CAPTURE(address);
      CHECK_FALSE(policy.admits_address(peer(address)));
    }
    sockaddr_storage of_no_family{};
    CHECK_FALSE(policy.admits_address(of_no_family));
    of_no_family.ss_family = AF_UNIX;
    CHECK_FALSE(policy.admits_address(of_no_family));
  }

  TEST_CASE("with a list even loopback must be in it") {
    const ClientPolicy policy({range("10.0.0.0/8"), range("fd00::4")});
    CHECK(policy.admits_address(peer("10.9.8.7")));
    CHECK(policy.admits_address(peer("fd00::4")));
    CHECK_FALSE(policy.admits_address(peer("fd00::5")));
    CHECK_FALSE(policy.admits_address(peer("127.0.0.1")));
    CHECK_FALSE(policy.admits_address(peer("::1")));
  }

  TEST_CASE("a client of this process's own user may connect") {
    const ClientPolicy policy;
    for (const char* text : {"127.0.0.1", "::1", "::"}) {
      CAPTURE(text);
      const auto listener = Listener::create(0, *parse_ip_address(text));
      if (!listener && std::string_view(text) != "127.0.0.1") {
        MESSAGE("not tested, this machine has no IPv6: ", listener.error().message);
        continue;
      }
      REQUIRE(listener);
      // On `::` an IPv4 client is `::ffff:127.0.0.1`, but the kernel knows its socket as one of IPv4.
      const Socket client =
          connect_to(*listener, std::string_view(text) == "::1" ? *parse_ip_address("::1") : IpAddress::loopback());
      const Socket server = accept_from(*listener);
      const OwnerVerdict verdict = policy.owner_of(server.get());
      CHECK_MESSAGE(verdict.kind == Kind::kAdmitted, verdict.reason);
      CHECK(verdict.admits());
    }
  }

  TEST_CASE("a client of another user is refused, of root or of the parent process's user admitted") {
    if (::geteuid() != 0) {
      MESSAGE("not tested, as only root can make connections of other users");
      return;
    }
    const auto listener = Listener::create(0);
    REQUIRE(listener);
    ForeignClient client(*listener, kNobody);
    const Socket server = accept_from(*listener);

    const ClientPolicy policy;
    const OwnerVerdict refused = policy.owner_of(server.get());
    CHECK(refused.kind == Kind::kRefused);
    CHECK_FALSE(refused.admits());
    CHECK(refused.owner == kNobody);
    CHECK(refused.reason ==
          "the client is neither of this process's user, nor root's, nor of the parent process's user");
    CHECK(ClientPolicy({}, OwnerCheck::kOff).owner_of(server.get()).kind == Kind::kAdmitted);

    SUBCASE("an own user who is not root") {
      const Pair of_root(*listener);
      CHECK(in_child([&] {
        return ::setuid(kNobody) == 0 && ClientPolicy().owner_of(server.get()).kind == Kind::kAdmitted &&
               ClientPolicy().owner_of(of_root.server.get()).kind == Kind::kAdmitted;
      }));
      CHECK(in_child(
          [&] { return ::setuid(kNobody - 1) == 0 && ClientPolicy().owner_of(server.get()).kind == Kind::kRefused; }));
    }
    SUBCASE("the parent's user") {
      // The child is nobody; its own child, which asks, is not.
      CHECK(in_child([&] {
        if (::seteuid(kNobody) != 0) return false;
        return in_child(
            [&] { return ::setreuid(0, 0) == 0 && ClientPolicy().owner_of(server.get()).kind == Kind::kAdmitted; });
      }));
    }
    SUBCASE("a user who has no number here, which the kernel gives out as nobody's") {
      if (!in_child([] { return ::unshare(CLONE_NEWUSER) == 0; })) {
        MESSAGE("not tested, this machine allows no user namespace");
        return;
      }
      CHECK(in_child([&] {
        if (::unshare(CLONE_NEWUSER) != 0 || !(std::ofstream("/proc/self/uid_map") << "0 0 1\n").flush()) return false;
        const OwnerVerdict verdict = ClientPolicy().owner_of(server.get());
        return verdict.kind == Kind::kUnknown && verdict.admits() &&
               verdict.reason == "the user who connects has no number in this user namespace";
      }));
    }
    SUBCASE("a client that has closed its end, whose socket has no owner any more") {
      client.finish();
      CHECK(policy.owner_of(server.get()).kind == Kind::kGone);
    }
  }

  TEST_CASE("a client that sends and closes at once is not served, whatever its user") {
    const auto listener = Listener::create(0);
    REQUIRE(listener);
    const ClientPolicy policy;
    Pair pair(*listener);
    REQUIRE(::send(pair.client.get(), "GET", 3, 0) == 3);

    SUBCASE("half of it is closed: it waits for the answer") {
      REQUIRE(::shutdown(pair.client.get(), SHUT_WR) == 0);
      CHECK(policy.owner_of(pair.server.get()).kind == Kind::kAdmitted);
    }
    SUBCASE("closed") {
      pair.client.close();
      CHECK(policy.owner_of(pair.server.get()).kind == Kind::kGone);
    }
    SUBCASE("reset, while what it sent can still be read") {
      const linger reset{.l_onoff = 1, .l_linger = 0};
      REQUIRE(::setsockopt(pair.client.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset) == 0);
      pair.client.close();
      const OwnerVerdict verdict = policy.owner_of(pair.server.get());
      CHECK(verdict.kind == Kind::kGone);
      CHECK_FALSE(verdict.admits());
      CHECK(verdict.reason == "the client has closed the connection");
      std::array<char, 8> bytes{};
      CHECK(::recv(pair.server.get(), bytes.data(), bytes.size(), 0) == 3);
    }
  }

  TEST_CASE("without a descriptor to ask by nobody is admitted, until there is one again") {
    const auto listener = Listener::create(0);
    REQUIRE(listener);
    const Pair pair(*listener);
    CHECK(in_child([&] {
      const ClientPolicy policy;
      rlimit before{};
      if (::getrlimit(RLIMIT_NOFILE, &before) != 0) return false;
      const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
      if (::setrlimit(RLIMIT_NOFILE, &none) != 0) return false;
      const OwnerVerdict refused = policy.owner_of(pair.server.get());
      if (::setrlimit(RLIMIT_NOFILE, &before) != 0) return false;
      return refused.kind == Kind::kRefused && !refused.owner &&
             refused.reason == "cannot ask who connects: Too many open files" &&
             policy.owner_of(pair.server.get()).kind == Kind::kAdmitted;
    }));
  }

  TEST_CASE("where the platform does not tell, the client is admitted, and the platform asked once") {
    const auto listener = Listener::create(0);
    REQUIRE(listener);
    const Pair pair(*listener);
    CHECK(in_child([&] {
      // As a sandbox does it: no netlink.
      std::array<sock_filter, 6> program = {
          sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
          sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
          sock_filter BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
          sock_filter BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 0, 1),
          sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
          sock_filter BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
      const sock_fprog filter{.len = program.size(), .filter = program.data()};
      if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0) {
        return false;
      }
      const ClientPolicy policy;
      for (int i = 0; i < 2; ++i) {
        const OwnerVerdict verdict = policy.owner_of(pair.server.get());
        if (verdict.kind != Kind::kUnknown || !verdict.admits() ||
            verdict.reason != "the system does not say who connects: Operation not permitted") {
          return false;
        }
      }
      return true;
    }));
  }
}
