#include "server/client_policy.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace azf {
namespace {

using Kind = OwnerVerdict::Kind;

struct Endpoint {
  IpAddress address;
  std::uint16_t port;
};

struct Connection {
  Endpoint peer;
  Endpoint local;
};

using AddressCall = int (*)(int, sockaddr*, socklen_t*);

std::optional<Endpoint> endpoint(int socket, AddressCall ask) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (ask(socket, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return std::nullopt;
  const auto address = IpAddress::of(storage);
  if (!address) return std::nullopt;
  return Endpoint{*address, port_of(storage)};
}

// Nothing once the peer has reset the connection.
std::optional<Connection> connection_of(int socket) {
  const auto peer = endpoint(socket, ::getpeername);
  const auto local = endpoint(socket, ::getsockname);
  if (!peer || !local) return std::nullopt;
  return Connection{*peer, *local};
}

// man 7 sock_diag: what NETLINK_SOCK_DIAG is asked.
struct Question {
  nlmsghdr header{};
  inet_diag_req_v2 body{};
};

Question question(int family) {
  Question question;
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.body.sdiag_family = static_cast<std::uint8_t>(family);
  question.body.sdiag_protocol = IPPROTO_TCP;
  return question;
}

struct Answer {
  int error = 0;  // errno, of the kernel's reply or of asking
  inet_diag_msg socket{};
};

class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  ~Descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] int get() const { return number_; }

 private:
  int number_;
};

// The kernel answers within send, so that nothing here waits.
Answer ask_kernel(const Question& question) {
  const Descriptor netlink(::socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (netlink.get() < 0) return {errno};
  if (::send(netlink.get(), &question, sizeof question, 0) < 0) return {errno};
  alignas(nlmsghdr) std::array<char, 4096> reply;
  const ssize_t size = ::recv(netlink.get(), reply.data(), reply.size(), MSG_DONTWAIT);
  if (size < 0) return {errno};

  nlmsghdr header{};
  constexpr std::size_t kHeaderBytes = NLMSG_HDRLEN;
  const auto content = static_cast<std::size_t>(size) - std::min(kHeaderBytes, static_cast<std::size_t>(size));
  if (content == 0) return {EBADMSG};
  std::memcpy(&header, reply.data(), sizeof header);
  Answer answer;
  if (header.nlmsg_type == SOCK_DIAG_BY_FAMILY && content >= sizeof answer.socket) {
    std::memcpy(&answer.socket, reply.data() + kHeaderBytes, sizeof answer.socket);
  } else if ((header.nlmsg_type == NLMSG_ERROR || header.nlmsg_type == NLMSG_DONE) && content >= sizeof answer.error) {
    std::memcpy(&answer.error, reply.data() + kHeaderBytes, sizeof answer.error);
    answer.error = -answer.error;
  } else {
    answer.error = EBADMSG;
  }
  return answer;
}

// The client's socket. ENOENT if there is none, or if the kernel cannot look.
Answer look_up(const Connection& connection) {
  Question exact = question(connection.peer.address.family());
  inet_diag_sockid& id = exact.body.id;
  exact.body.idiag_states = ~0U;
  id.idiag_sport = htons(connection.peer.port);
  id.idiag_dport = htons(connection.local.port);
  std::memcpy(id.idiag_src, connection.peer.address.bytes().data(), connection.peer.address.bytes().size());
  std::memcpy(id.idiag_dst, connection.local.address.bytes().data(), connection.local.address.bytes().size());
  std::ranges::fill(id.idiag_cookie, INET_DIAG_NOCOOKIE);
  Answer answer = ask_kernel(exact);
  // In place of a connection the kernel also finds a socket that listens on its port.
  if (answer.error == 0 && answer.socket.id.idiag_dport != id.idiag_dport) answer.error = ENOENT;
  return answer;
}

// Whether the kernel can look for TCP sockets: asks for those in none of all states. 0, or the error. No client has
// a hand in this, unlike in what the kernel says of a connection.
int lookup_error(int family) {
  Question nothing = question(family);
  nothing.header.nlmsg_flags |= NLM_F_DUMP;
  return ask_kernel(nothing).error;
}

// A client that makes many connections can use up what asking needs, but shall gain nothing by it.
bool is_shortage(int error) {
  return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM || error == EINTR;
}

std::string text_of(int error) { return std::generic_category().message(error); }

// The effective user, the second number behind "Uid:". The owner of /proc/<process> would be root for a process that
// must not be traced.
std::optional<uid_t> user_of_process(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  uid_t real = 0;
  uid_t effective = 0;
  for (std::string word; status >> word;) {
    if (word == "Uid:" && status >> real >> effective) return effective;
  }
  return std::nullopt;
}

// Whether the number stands for all users who have none in this user namespace (man 7 user_namespaces).
bool may_be_anybody(uid_t user) {
  constexpr std::uint64_t kAllUsers = UINT32_MAX;
  uid_t overflow = 65534;
  std::ifstream("/proc/sys/kernel/overflowuid") >> overflow;
  if (user != overflow) return false;
  std::ifstream map("/proc/self/uid_map");
  std::uint64_t inside = 0;
  std::uint64_t outside = 0;
  std::uint64_t count = 0;
  return !(map >> inside >> outside >> count) || count < kAllUsers;
}

std::vector<AddressRange> loopback() { return {*parse_address_range("127.0.0.0/8"), *parse_address_range("::1")}; }

}  // namespace

ClientPolicy::ClientPolicy(std::vector<AddressRange> allowed, OwnerCheck owner_check)
    : allowed_(allowed.empty() ? loopback() : std::move(allowed)), owner_check_(owner_check), parent_(::getppid()) {}

bool ClientPolicy::admits_address(const sockaddr_storage& peer) const {
  const auto address = IpAddress::of(peer);
  return address && std::ranges::any_of(allowed_, [&](const AddressRange& range) { return range.contains(*address); });
}

OwnerVerdict ClientPolicy::owner_of(int socket) const {
  if (owner_check_ == OwnerCheck::kOff) return {};
  const auto gone = [] { return OwnerVerdict{.kind = Kind::kGone, .reason = "the client has closed the connection"}; };
  const auto unknown = [](int error) {
    return OwnerVerdict{.kind = Kind::kUnknown, .reason = "the system does not say who connects: " + text_of(error)};
  };
  const auto connection = connection_of(socket);
  if (!connection) return gone();
  if (!connection->peer.address.is_loopback()) return {};
  if (const int error = platform_error_.load(std::memory_order_relaxed)) return unknown(error);

  Answer answer = look_up(*connection);
  if (answer.error == ENOENT) {
    answer.error = lookup_error(connection->peer.address.family());
    if (answer.error == 0) return gone();
  }
  if (is_shortage(answer.error)) {
    return {.kind = Kind::kRefused, .reason = "cannot ask who connects: " + text_of(answer.error)};
  }
  if (answer.error != 0) {
    platform_error_.store(answer.error, std::memory_order_relaxed);
    return unknown(answer.error);
  }
  // The user of a closed socket is root's number in some versions of the kernel.
  if (answer.socket.idiag_inode == 0) return gone();
  const uid_t owner = answer.socket.idiag_uid;
  if (may_connect(owner)) return {};
  if (may_be_anybody(owner)) {
    return {.kind = Kind::kUnknown, .reason = "the user who connects has no number in this user namespace"};
  }
  return {.kind = Kind::kRefused,
          .owner = owner,
          .reason = "the client is neither of this process's user, nor root's, nor of the parent process's user"};
}

bool ClientPolicy::may_connect(uid_t owner) const {
  if (owner == ::geteuid() || owner == 0) return true;
  // A parent that has ended has left its number to others, and this process to another parent.
  return user_of_process(parent_) == owner && ::getppid() == parent_;
}

}  // namespace azf
