#include "server/event_poll.h"

#include <algorithm>
#include <array>
#include <cerrno>
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

Event event_of(const epoll_event& event) {
  if (event.data.u64 == kListenerTicket) return {.source = Event::Source::kListener};
  if (event.data.u64 == kWakeUpTicket) return {.source = Event::Source::kWakeUp};
  constexpr std::uint32_t kFinished = EPOLLRDHUP | EPOLLHUP | EPOLLERR;
  return {.ticket = event.data.u64, .peer_finished = (event.events & kFinished) != 0};
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

EventPoll::EventPoll() : descriptor_(checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1")) {
  add_wake_up(kept_some_);
}

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

std::optional<Event> EventPoll::take_kept() {
  if (kept_count_ == 0) return std::nullopt;
  const MutexLock lock(mutex_);
  if (kept_count_ == 0) return std::nullopt;
  --kept_count_;
  return kept_[next_kept_++];
}

// Nothing is kept yet: the caller has looked, and is the only one who fetches more than one event.
void EventPoll::keep(std::span<const epoll_event> events) {
  {
    const MutexLock lock(mutex_);
    std::transform(events.begin(), events.end(), kept_.begin(), event_of);
    next_kept_ = 0;
    kept_count_ = events.size();
  }
  // Who else waits has looked for kept events before it was counted, or is counted by now: one of the two sees the
  // other.
  if (waiting_ > 1) kept_some_.signal();
}

std::optional<Event> EventPoll::wait(std::chrono::milliseconds limit) {
  const bool alone = waiting_++ == 0;
  auto event = take_kept();
  if (!event) {
    std::array<epoll_event, kFetched> fetched;
    const int most = alone ? static_cast<int>(fetched.size()) : 1;
    const int count = ::epoll_wait(descriptor_, fetched.data(), most, static_cast<int>(limit.count()));
    if (count > 0) event = event_of(fetched[0]);
    if (count > 1) keep(std::span(fetched).first(static_cast<std::size_t>(count)).subspan(1));
  }
  --waiting_;
  return event;
}

}  // namespace azf
