#include "server/event_poll.h"

#include <cerrno>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace azf {
namespace {

// No ticket of a connection has these values: its upper half is a generation, its lower half an index far below.
constexpr std::uint64_t kListenerTicket = ~std::uint64_t{0};
constexpr std::uint64_t kWakeUpTicket = kListenerTicket - 1;

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

int control(int poll, int operation, int socket, std::uint32_t events, std::uint64_t ticket) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = ticket;
  return ::epoll_ctl(poll, operation, socket, &event);
}

}  // namespace

WakeUp::WakeUp() : descriptor_(checked(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

WakeUp::~WakeUp() { ::close(descriptor_); }

void WakeUp::signal() const {
  const std::uint64_t one = 1;
  (void)!::write(descriptor_, &one, sizeof one);  // fails only when it is signalled 2^64 times over
}

void WakeUp::clear() const {
  std::uint64_t count = 0;
  (void)!::read(descriptor_, &count, sizeof count);
}

EventPoll::EventPoll() : descriptor_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {}

EventPoll::~EventPoll() { ::close(descriptor_); }

void EventPoll::add_wake_up(const WakeUp& wake_up) {
  checked(control(descriptor_, EPOLL_CTL_ADD, wake_up.descriptor(), EPOLLIN | EPOLLET, kWakeUpTicket), "epoll_ctl");
}

void EventPoll::add_lasting_wake_up(const WakeUp& wake_up) {
  checked(control(descriptor_, EPOLL_CTL_ADD, wake_up.descriptor(), EPOLLIN, kWakeUpTicket), "epoll_ctl");
}

void EventPoll::add_listener(int socket) {
  checked(control(descriptor_, EPOLL_CTL_ADD, socket, EPOLLIN | EPOLLET, kListenerTicket), "epoll_ctl");
}

bool EventPoll::add(int socket, std::uint64_t ticket) {
  return control(descriptor_, EPOLL_CTL_ADD, socket, EPOLLIN | EPOLLRDHUP | EPOLLET, ticket) == 0;
}

void EventPoll::rearm(int socket, std::uint64_t ticket) {
  (void)control(descriptor_, EPOLL_CTL_MOD, socket, EPOLLIN | EPOLLRDHUP | EPOLLET, ticket);
}

void EventPoll::rearm_with_output(int socket, std::uint64_t ticket) {
  (void)control(descriptor_, EPOLL_CTL_MOD, socket, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, ticket);
}

std::optional<Event> EventPoll::wait(std::chrono::milliseconds limit) {
  epoll_event event{};
  if (::epoll_wait(descriptor_, &event, 1, static_cast<int>(limit.count())) != 1) return std::nullopt;
  if (event.data.u64 == kListenerTicket) return Event{.source = Event::Source::kListener};
  if (event.data.u64 == kWakeUpTicket) return Event{.source = Event::Source::kWakeUp};
  constexpr std::uint32_t kFinished = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  return Event{.ticket = event.data.u64, .peer_finished = (event.events & kFinished) != 0};
}

}  // namespace azf
