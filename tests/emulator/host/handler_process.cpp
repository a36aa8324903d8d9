#include "emulator/host/handler_process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

struct Pipe {
  FileDescriptor reader;
  FileDescriptor writer;
};

std::optional<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  // Only our end: the handler's must block as any standard output does.
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// Pointers for exec into texts that the caller keeps.
std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> list;
  list.reserve(texts.size() + 1);
  for (auto& text : texts) list.push_back(text.data());
  list.push_back(nullptr);
  return list;
}

// Cuts a stream of bytes into lines; `\r\n` ends a line too.
class LineSplitter {
 public:
  template <typename Function>
  void add(std::string_view bytes, const Function& on_line) {
    pending_.append(bytes);
    std::size_t begin = 0;
    for (std::size_t end; (end = pending_.find('\n', begin)) != std::string::npos; begin = end + 1) {
      const bool has_return = end > begin && pending_[end - 1] == '\r';
      on_line(std::string_view(pending_).substr(begin, end - begin - (has_return ? 1 : 0)));
    }
    pending_.erase(0, begin);
  }
  template <typename Function>
  void finish(const Function& on_line) {
    if (!pending_.empty()) on_line(std::string_view(pending_));
    pending_.clear();
  }

 private:
  std::string pending_;
};

}  // namespace

Result<std::unique_ptr<HandlerProcess>> HandlerProcess::start(const LaunchCommand& command, LineReader on_line,
                                                              ExitObserver on_exit) {
  auto out = make_pipe();
  auto err = make_pipe();
  auto end = make_pipe();
  if (!out || !err || !end) return Error{ErrorKind::kInternal, "pipe: " + std::generic_category().message(errno)};

  std::vector<std::string> argument_texts = {command.program};
  argument_texts.insert(argument_texts.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> variable_texts;
  for (const auto& [name, value] : command.environment)
    variable_texts.push_back(std::string(name).append("=").append(value));
  const auto arguments = pointers(argument_texts);
  const auto variables = pointers(variable_texts);

  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, out->writer.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err->writer.get(), STDERR_FILENO);
  ::posix_spawn_file_actions_addchdir_np(&actions, command.working_directory.c_str());
  // The emulator blocks and ignores signals for itself; the handler begins as if started from a shell.
  sigset_t none;
  sigset_t all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int failure =
      ::posix_spawnp(&pid, command.program.c_str(), &actions, &attributes, arguments.data(), variables.data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failure != 0) {
    return Error{failure == ENOENT ? ErrorKind::kNotFound : ErrorKind::kInternal,
                 "cannot start " + command.program + ": " + std::generic_category().message(failure)};
  }
  return std::unique_ptr<HandlerProcess>(new HandlerProcess(pid, std::move(out->reader), std::move(err->reader),
                                                            std::move(end->writer), std::move(end->reader),
                                                            std::move(on_line), std::move(on_exit)));
}

HandlerProcess::HandlerProcess(pid_t pid, FileDescriptor out, FileDescriptor err, FileDescriptor end_writer,
                               FileDescriptor end_reader, LineReader on_line, ExitObserver on_exit)
    : pid_(pid),
      out_(std::move(out)),
      err_(std::move(err)),
      end_writer_(std::move(end_writer)),
      end_reader_(std::move(end_reader)),
      on_line_(std::move(on_line)),
      on_exit_(std::move(on_exit)),
      line_thread_([this] { read_lines(); }),
      exit_thread_([this] { wait_for_exit(); }) {}

HandlerProcess::~HandlerProcess() {
  send_signal(SIGKILL);
  exit_thread_.join();
}

void HandlerProcess::send_signal(int number) {
  const MutexLock lock(mutex_);
  // After reaping the number may belong to another process.
  if (!reaped_) ::kill(pid_, number);
}

void HandlerProcess::read_lines() {
  struct Source {
    OutputStream stream;
    int descriptor;
    LineSplitter splitter;
    bool open = true;
  };
  std::array<Source, 2> sources = {
      {{OutputStream::kStdout, out_.get(), {}, true}, {OutputStream::kStderr, err_.get(), {}, true}}};
  for (bool process_ended = false; !process_ended && (sources[0].open || sources[1].open);) {
    std::array<pollfd, 3> events = {{{sources[0].open ? sources[0].descriptor : -1, POLLIN, 0},
                                     {sources[1].open ? sources[1].descriptor : -1, POLLIN, 0},
                                     {end_reader_.get(), POLLIN, 0}}};
    if (::poll(events.data(), events.size(), -1) < 0) continue;
    // What the process wrote before it ended is in the pipes now, and is read below one last time.
    process_ended = events[2].revents != 0;
    for (auto& source : sources) {
      const auto pass_on = [&](std::string_view line) { on_line_(source.stream, line); };
      std::array<char, 8192> block;
      while (source.open) {
        const ssize_t count = ::read(source.descriptor, block.data(), block.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && errno == EAGAIN) break;
        if (count <= 0) {
          source.open = false;
        } else {
          source.splitter.add({block.data(), static_cast<std::size_t>(count)}, pass_on);
        }
      }
    }
  }
  for (auto& source : sources) {
    source.splitter.finish([&](std::string_view line) { on_line_(source.stream, line); });
  }
}

void HandlerProcess::wait_for_exit() {
  siginfo_t state{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &state, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
  }
  {
    const MutexLock lock(mutex_);
    ::waitpid(pid_, nullptr, 0);
    reaped_ = true;
  }
  end_writer_.close();
  line_thread_.join();
  on_exit_(state.si_code == CLD_EXITED ? state.si_status : 128 + state.si_status);
}

}  // namespace azf::emulator
