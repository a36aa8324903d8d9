#include "support/child_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace azf::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

std::array<int, 2> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) fail("pipe2");
  return ends;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (std::string& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

}  // namespace

ChildProcess::ChildProcess(const std::string& program, ChildOptions options) {
  std::vector<std::string> arguments = {program};
  arguments.insert(arguments.end(), options.arguments.begin(), options.arguments.end());
  std::vector<std::string> variables;
  for (const auto& [name, value] : options.environment) variables.push_back(name + "=" + value);
  const auto argv = pointers(arguments);
  const auto envp = pointers(variables);
  const auto output = make_pipe();
  const auto error = make_pipe();

  pid_ = ::fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {
    // Only async-signal-safe calls from here on.
    ::dup2(output[1], STDOUT_FILENO);
    ::dup2(error[1], STDERR_FILENO);
    for (const auto& [resource, limit] : options.limits) {
      if (::setrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) ::_exit(126);
    }
    if (!options.directory.empty() && ::chdir(options.directory.c_str()) != 0) ::_exit(126);
    ::execve(program.c_str(), argv.data(), envp.data());
    ::_exit(127);
  }
  ::close(output[1]);
  ::close(error[1]);
  output_.reading = output[0];
  error_.reading = error[0];
  for (Pipe* pipe : {&output_, &error_}) {
    pipe->cancel = ::eventfd(0, EFD_CLOEXEC);
    pipe->reader = std::thread([this, pipe] { read_all(*pipe); });
  }
}

ChildProcess::~ChildProcess() {
  if (!exit_code_) {
    ::kill(pid_, SIGKILL);
    int status = 0;
    ::waitpid(pid_, &status, 0);
  }
  close_pipe(output_);
  close_pipe(error_);
}

void ChildProcess::signal(int number) const { ::kill(pid_, number); }

std::optional<int> ChildProcess::wait(milliseconds limit) {
  const auto end = steady_clock::now() + limit;
  while (!exit_code_) {
    int status = 0;
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    } else if (steady_clock::now() >= end) {
      return std::nullopt;
    } else {
      std::this_thread::sleep_for(milliseconds(2));
    }
  }
  // What it has written last may still be in the pipes; a child of the child may hold them open for ever.
  const auto drained = std::max(end, steady_clock::now() + std::chrono::seconds(5));
  const MutexLock lock(mutex_);
  while (!(output_.ended && error_.ended) && changed_.wait_until(mutex_, drained)) {
  }
  return exit_code_;
}

std::string ChildProcess::standard_output() const {
  const MutexLock lock(mutex_);
  return output_.text;
}

std::string ChildProcess::standard_error() const {
  const MutexLock lock(mutex_);
  return error_.text;
}

bool ChildProcess::wait_for_output(std::string_view text, milliseconds limit) const {
  const auto end = steady_clock::now() + limit;
  const MutexLock lock(mutex_);
  while (output_.text.find(text) == std::string::npos) {
    if (output_.ended || !changed_.wait_until(mutex_, end)) return output_.text.find(text) != std::string::npos;
  }
  return true;
}

void ChildProcess::close_standard_output() { close_pipe(output_); }

void ChildProcess::read_all(Pipe& pipe) {
  std::array<char, 4096> bytes;
  while (true) {
    std::array<pollfd, 2> watched = {pollfd{pipe.reading, POLLIN, 0}, pollfd{pipe.cancel, POLLIN, 0}};
    if (::poll(watched.data(), watched.size(), -1) < 0 && errno == EINTR) continue;
    if (watched[1].revents != 0) break;
    const ssize_t count = ::read(pipe.reading, bytes.data(), bytes.size());
    if (count <= 0) break;
    const MutexLock lock(mutex_);
    pipe.text.append(bytes.data(), static_cast<std::size_t>(count));
    changed_.notify_all();
  }
  const MutexLock lock(mutex_);
  pipe.ended = true;
  changed_.notify_all();
}

void ChildProcess::close_pipe(Pipe& pipe) {
  if (!pipe.reader.joinable()) return;
  const std::uint64_t one = 1;
  (void)!::write(pipe.cancel, &one, sizeof one);
  pipe.reader.join();
  ::close(pipe.cancel);
  ::close(pipe.reading);
}

}  // namespace azf::test
