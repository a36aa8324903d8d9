#include "http/name_lookup.h"

#include <algorithm>
#include <ares.h>
#include <arpa/inet.h>
#include <array>
#include <memory>
#include <mutex>
#include <netinet/in.h>
#include <new>
#include <poll.h>
#include <sys/socket.h>
#include <type_traits>

namespace azf {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

struct ChannelDeleter {
  void operator()(ares_channel channel) const noexcept { ares_destroy(channel); }
};
using Channel = std::unique_ptr<std::remove_pointer_t<ares_channel>, ChannelDeleter>;

struct Answer {
  bool complete = false;
  int status = ARES_SUCCESS;
  std::vector<std::string> addresses{};
};

std::string text_of(const sockaddr& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const void* bytes = address.sa_family == AF_INET
                          ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in&>(address).sin_addr)
                          : static_cast<const void*>(&reinterpret_cast<const sockaddr_in6&>(address).sin6_addr);
  const char* shown = ares_inet_ntop(address.sa_family, bytes, text.data(), text.size());
  return shown == nullptr ? std::string() : std::string(shown);
}

void receive(void* context, int status, int /*timeouts*/, ares_addrinfo* found) noexcept {
  auto& answer = *static_cast<Answer*>(context);
  answer.complete = true;
  answer.status = status;
  if (found == nullptr) return;
  for (const ares_addrinfo_node* node = found->nodes; node != nullptr; node = node->ai_next) {
    std::string address = text_of(*node->ai_addr);
    if (std::ranges::find(answer.addresses, address) == answer.addresses.end()) {
      answer.addresses.push_back(std::move(address));
    }
  }
  ares_freeaddrinfo(found);
}

// Waits for the sockets of the channel, and lets it go on.
void step(ares_channel channel, milliseconds left) {
  std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets{};
  const auto wanted = static_cast<unsigned>(ares_getsock(channel, sockets.data(), ARES_GETSOCK_MAXNUM));
  std::array<pollfd, ARES_GETSOCK_MAXNUM> waiting{};
  nfds_t count = 0;
  for (unsigned i = 0; i < ARES_GETSOCK_MAXNUM; ++i) {
    const bool readable = ARES_GETSOCK_READABLE(wanted, i) != 0;
    const bool writable = ARES_GETSOCK_WRITABLE(wanted, i) != 0;
    if (!readable && !writable) continue;
    waiting.at(count++) = {sockets.at(i), static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0)), 0};
  }
  constexpr milliseconds kTick{100};  // c-ares has time limits of its own that it must get to see
  ::poll(waiting.data(), count, static_cast<int>(std::min(left, kTick).count()));
  ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  for (nfds_t i = 0; i < count; ++i) {
    const pollfd& each = waiting.at(i);
    if (each.revents == 0) continue;
    ares_process_fd(channel, each.fd, (each.revents & POLLOUT) != 0 ? each.fd : ARES_SOCKET_BAD);
  }
}

Error explain(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
    case ARES_ENODATA: return {ErrorKind::kNotFound, "there is no such host"};
    case ARES_ETIMEOUT: return {ErrorKind::kTimeout, "the name servers did not answer in time"};
    default: return {ErrorKind::kTransport, std::string("the name servers could not tell: ") + ares_strerror(status)};
  }
}

}  // namespace

Result<std::vector<std::string>> look_up_name(const std::string& host, milliseconds timeout) {
  static std::once_flag library;
  std::call_once(library, [] { ares_library_init(ARES_LIB_INIT_ALL); });

  constexpr int kTries = 2;
  ares_options options{};
  options.timeout = static_cast<int>(std::max(timeout / kTries, milliseconds(1)).count());
  options.tries = kTries;
  ares_channel raw = nullptr;
  if (const int status = ares_init_options(&raw, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES);
      status != ARES_SUCCESS) {
    if (status == ARES_ENOMEM) throw std::bad_alloc();
    return explain(status);
  }
  Answer answer;  // outlives the channel, whose end completes what is open
  const Channel channel(raw);
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  ares_getaddrinfo(channel.get(), host.c_str(), nullptr, &hints, receive, &answer);
  const auto end = steady_clock::now() + timeout;
  while (!answer.complete) {
    const auto left = std::chrono::ceil<milliseconds>(end - steady_clock::now());
    if (left <= milliseconds::zero()) return explain(ARES_ETIMEOUT);
    step(channel.get(), left);
  }
  if (answer.status != ARES_SUCCESS) return explain(answer.status);
  return std::move(answer.addresses);
}

}  // namespace azf
