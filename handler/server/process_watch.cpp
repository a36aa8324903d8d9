#include "server/process_watch.h"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace azf {
namespace {

constexpr int kLookEveryMs = 1000;

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

}  // namespace

std::string_view to_string(StopReason reason) {
  switch (reason) {
    case StopReason::kSignal: return "signal";
    case StopReason::kParentDied: return "parent process ended";
    case StopReason::kOutputClosed: return "standard output closed";
  }
  return "unknown";
}

ProcessWatch::ProcessWatch(bool watch_parent) : signals_(-1), watch_parent_(watch_parent), parent_(::getppid()) {
  ::signal(SIGPIPE, SIG_IGN);
  const sigset_t set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  if (signals_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
}

ProcessWatch::~ProcessWatch() { ::close(signals_); }

StopReason ProcessWatch::wait() {
  std::array<pollfd, 2> watched = {pollfd{signals_, POLLIN, 0},
                                   pollfd{can_lose_reader(STDOUT_FILENO) ? STDOUT_FILENO : -1, 0, 0}};
  while (true) {
    const int ready = ::poll(watched.data(), watched.size(), kLookEveryMs);
    if (ready > 0 && (watched[0].revents & POLLIN) != 0) {
      signalfd_siginfo taken{};
      (void)!::read(signals_, &taken, sizeof taken);
      return StopReason::kSignal;
    }
    if (ready > 0 && (watched[1].revents & (POLLERR | POLLHUP)) != 0) return StopReason::kOutputClosed;
    if (watch_parent_ && ::getppid() != parent_) return StopReason::kParentDied;
  }
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
