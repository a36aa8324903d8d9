#include "server/process_watch.h"

#include <array>
#include <cerrno>
#include <cstdint>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <system_error>
#include <unistd.h>

namespace azf {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

// Only a pipe or a socket tells that its reader is gone; a terminal or a file does not, and /dev/null never closes.
bool can_lose_reader(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode));
}

void watch(int events, int descriptor, std::uint32_t what) {
  epoll_event event{.events = what, .data = {.fd = descriptor}};
  if (::epoll_ctl(events, EPOLL_CTL_ADD, descriptor, &event) != 0) {
    throw std::system_error(errno, std::generic_category(), "epoll_ctl");
  }
}

}  // namespace

std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::kSignal: return "signal";
    case StopReason::kParentDied: return "parent process ended";
    case StopReason::kOutputClosed: return "standard output closed";
  }
  return "unknown";
}

ProcessWatch::ProcessWatch(bool watch_parent)
    : events_(::epoll_create1(EPOLL_CLOEXEC)), signals_(-1), parent_(::getppid()) {
  ::signal(SIGPIPE, SIG_IGN);
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  watch(events_, signals_, EPOLLIN);
  if (can_lose_reader(STDOUT_FILENO)) watch(events_, STDOUT_FILENO, 0);
  if (watch_parent) {
    timer_ = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    const itimerspec every_second{.it_interval = {.tv_sec = 1, .tv_nsec = 0}, .it_value = {.tv_sec = 1, .tv_nsec = 0}};
    ::timerfd_settime(timer_, 0, &every_second, nullptr);
    watch(events_, timer_, EPOLLIN);
  }
}

ProcessWatch::~ProcessWatch() {
  if (timer_ >= 0) ::close(timer_);
  ::close(signals_);
  ::close(events_);
}

std::optional<StopReason> ProcessWatch::reason() {
  std::array<epoll_event, 3> events{};
  const int count = ::epoll_wait(events_, events.data(), events.size(), 0);
  for (int i = 0; i < count; ++i) {
    const int descriptor = events[static_cast<std::size_t>(i)].data.fd;
    if (descriptor == signals_) {
      signalfd_siginfo taken{};
      if (::read(signals_, &taken, sizeof taken) == sizeof taken) return StopReason::kSignal;
    } else if (descriptor == timer_) {
      std::uint64_t expirations = 0;
      (void)!::read(timer_, &expirations, sizeof expirations);
      if (::getppid() != parent_) return StopReason::kParentDied;
    } else {
      return StopReason::kOutputClosed;
    }
  }
  return std::nullopt;
}

void ProcessWatch::exit_on_next_signal() {
  struct sigaction action {};
  action.sa_handler = [](int) { ::_exit(0); };
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace azf
