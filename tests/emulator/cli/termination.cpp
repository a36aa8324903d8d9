#include "emulator/cli/termination.h"

#include <array>
#include <csignal>
#include <cstdint>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace azf::emulator {

Termination::Termination() : failure_(::eventfd(0, EFD_CLOEXEC)) {
  sigset_t ending;
  ::sigemptyset(&ending);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) ::sigaddset(&ending, number);
  ::pthread_sigmask(SIG_BLOCK, &ending, nullptr);
  signals_ = FileDescriptor(::signalfd(-1, &ending, SFD_CLOEXEC));
  std::signal(SIGPIPE, SIG_IGN);
}

void Termination::report_failure() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(failure_.get(), &one, sizeof one);
}

bool Termination::wait() const {
  std::array<pollfd, 2> events = {{{signals_.get(), POLLIN, 0}, {failure_.get(), POLLIN, 0}}};
  while (::poll(events.data(), events.size(), -1) <= 0) {
  }
  return events[0].revents != 0;
}

}  // namespace azf::emulator
