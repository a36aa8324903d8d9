#include "identity/posix_process_runner.h"

#include "identity/descriptor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <memory>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string_view>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace azf::identity {
namespace {

using std::chrono::milliseconds;

// Where tools are run, so that nothing of the caller's folder is loaded by them; as the other Azure SDKs do.
constexpr const char* kFolder = "/bin";
// How long the outputs may stay open, in the hands of a process that the tool left behind, after the tool has ended.
constexpr milliseconds kGrace{250};
// The end of a process wakes nobody who waits for its pipes where another process still holds these.
constexpr milliseconds kLookEvery{20};

std::string reason_of(int error) { return std::generic_category().message(error); }

Error internal(std::string_view what, int error) {
  return {ErrorKind::kInternal, std::string(what) + " failed: " + reason_of(error)};
}

struct Pipe {
  Descriptor reading;
  Descriptor writing;
};

// In a program that was started without standard streams a pipe would get their numbers, and the child's streams
// would overwrite each other.
bool move_above_standard_streams(Descriptor& descriptor) {
  if (descriptor.number() > STDERR_FILENO) return true;
  descriptor = Descriptor(::fcntl(descriptor.number(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  return descriptor.open();
}

Result<Pipe> create_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return internal("pipe2", errno);
  Pipe pipe{Descriptor(ends[0]), Descriptor(ends[1])};
  if (!move_above_standard_streams(pipe.reading) || !move_above_standard_streams(pipe.writing) ||
      ::fcntl(pipe.reading.number(), F_SETFL, O_NONBLOCK) != 0) {
    return internal("fcntl", errno);
  }
  return pipe;
}

// Output of the tool up to a limit. Wiped, as there may be a token in it.
class Capture {
 public:
  explicit Capture(std::size_t limit) : bytes_(std::make_unique_for_overwrite<char[]>(limit)), limit_(limit) {}
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;
  ~Capture() { ::explicit_bzero(bytes_.get(), size_); }

  [[nodiscard]] std::string_view text() const { return {bytes_.get(), size_}; }

  /// Reads what is there now, at most a buffer full. False at the end of the stream.
  bool read_from(const Descriptor& stream) {
    std::array<char, 16384> buffer;
    const ssize_t count = ::read(stream.number(), buffer.data(), buffer.size());
    if (count <= 0) return count < 0 && (errno == EAGAIN || errno == EINTR);
    const std::size_t kept = std::min(static_cast<std::size_t>(count), limit_ - size_);
    std::memcpy(bytes_.get() + size_, buffer.data(), kept);
    size_ += kept;
    ::explicit_bzero(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }

 private:
  std::unique_ptr<char[]> bytes_;
  std::size_t limit_;
  std::size_t size_ = 0;
};

// A running tool, leader of its own process group. Whoever leaves it behind kills it, with the group.
class Child {
 public:
  enum class State { kRunning, kEnded, kLost };

  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (state_ == State::kRunning) kill();
  }

  [[nodiscard]] int exit_code() const { return exit_code_; }

  State look() {
    if (state_ != State::kRunning) return state_;
    int status = 0;
    const pid_t ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == pid_) {
      state_ = State::kEnded;
      exit_code_ = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    } else if (ended < 0 && errno != EINTR) {
      state_ = State::kLost;
    }
    return state_;
  }

  void kill() {
    // The leader has not been reaped, so nobody else can have got its number.
    ::kill(-pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    state_ = State::kEnded;
  }

 private:
  pid_t pid_;
  State state_ = State::kRunning;
  int exit_code_ = 0;
};

bool is_executable_file(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
         ::faccessat(AT_FDCWD, path.c_str(), X_OK, AT_EACCESS) == 0;
}

Error not_found(std::string message) { return {ErrorKind::kNotFound, std::move(message)}; }

// Relative folders on PATH, the empty one too, depend on the current directory: whoever can write there could pose as
// the tool.
Result<std::string> absolute_path(const std::string& program, const Environment& environment) {
  if (program.starts_with('/')) {
    if (is_executable_file(program)) return program;
    return not_found(program + (::access(program.c_str(), F_OK) == 0 ? " cannot be executed" : " does not exist"));
  }
  if (program.empty() || program.find('/') != std::string::npos) {
    return not_found("\"" + program + "\" is neither a name nor an absolute path");
  }
  const auto path = environment.get("PATH");
  if (!path) return not_found(program + " was not found: PATH is not set");
  std::string in_the_way;
  for (std::string_view rest = *path; !rest.empty();) {
    const auto end = std::min(rest.find(':'), rest.size());
    const std::string_view folder = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!folder.starts_with('/')) continue;
    std::string candidate = std::string(folder) + "/" + program;
    if (is_executable_file(candidate)) return candidate;
    if (in_the_way.empty() && ::access(candidate.c_str(), F_OK) == 0) in_the_way = std::move(candidate);
  }
  if (in_the_way.empty()) return not_found(program + " was not found on PATH");
  return not_found(program + " was not found on PATH: " + in_the_way + " cannot be executed");
}

// Null-terminated pointers into `strings`, as exec wants them.
std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  pointers.reserve(strings.size() + 1);
  for (std::string& each : strings) pointers.push_back(each.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> variables_of(const Environment& environment, const ProcessCommand& command) {
  std::map<std::string_view, std::string_view> variables(environment.entries().begin(), environment.entries().end());
  for (const auto& [name, value] : command.variables) variables.insert_or_assign(name, value);
  std::vector<std::string> strings;
  strings.reserve(variables.size());
  for (const auto& [name, value] : variables) strings.push_back(std::string(name).append("=").append(value));
  return strings;
}

struct SpawnSettings {
  SpawnSettings() {
    ::posix_spawnattr_init(&attributes);
    ::posix_spawn_file_actions_init(&actions);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
};

// The error number, 0 for none.
int prepare(SpawnSettings& settings, int output, int error) {
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  // A session of its own is also a process group of its own, and takes away the terminal: a tool that asks for a
  // password fails instead of waiting.
  const short flags = POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  for (const int failure :
       {::posix_spawnattr_setflags(&settings.attributes, flags),
        ::posix_spawnattr_setsigmask(&settings.attributes, &none),
        ::posix_spawnattr_setsigdefault(&settings.attributes, &all),
        ::posix_spawn_file_actions_addopen(&settings.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0),
        ::posix_spawn_file_actions_adddup2(&settings.actions, output, STDOUT_FILENO),
        ::posix_spawn_file_actions_adddup2(&settings.actions, error, STDERR_FILENO),
        ::posix_spawn_file_actions_addchdir_np(&settings.actions, kFolder),
        // Descriptors that some library opened without close-on-exec: sockets of requests, files with secrets.
        ::posix_spawn_file_actions_addclosefrom_np(&settings.actions, STDERR_FILENO + 1)}) {
    if (failure != 0) return failure;
  }
  return 0;
}

Result<pid_t> start(const std::string& path, const ProcessCommand& command, const Environment& environment, int output,
                    int error) {
  std::vector<std::string> arguments = command.arguments;
  arguments.insert(arguments.begin(), command.program);
  std::vector<std::string> variables = variables_of(environment, command);
  const auto argument_pointers = pointers_to(arguments);
  const auto variable_pointers = pointers_to(variables);

  SpawnSettings settings;
  if (const int failure = prepare(settings, output, error); failure != 0) return internal("posix_spawn", failure);
  pid_t pid = 0;
  const int failure = ::posix_spawn(&pid, path.c_str(), &settings.actions, &settings.attributes,
                                    argument_pointers.data(), variable_pointers.data());
  switch (failure) {
    case 0: return pid;
    case ENOENT: return not_found(path + " cannot be executed: the program that it is written for does not exist");
    case EACCES:
    case ENOEXEC:
    case ENOTDIR: return not_found(path + " cannot be executed: " + reason_of(failure));
    default: return internal("starting " + path, failure);
  }
}

std::uint64_t soft_descriptor_limit() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur : RLIM_INFINITY;
}

// Descriptors above 1,023 are a trap for tools that use select, and some tools close all that there could be, one by
// one. posix_spawn cannot set limits; a tool that has begun meanwhile notices nothing.
void limit_descriptors(pid_t child, std::uint64_t soft_limit) {
  rlimit limit{};
  if (::prlimit(child, RLIMIT_NOFILE, nullptr, &limit) != 0 || limit.rlim_cur <= soft_limit) return;
  limit.rlim_cur = soft_limit;
  (void)::prlimit(child, RLIMIT_NOFILE, &limit, nullptr);
}

// Waits until there is something to read, or for a moment. False if nothing came.
bool wait_for_output(const Pipe& output, const Pipe& error, milliseconds limit) {
  std::array<pollfd, 2> streams{};  // poll skips negative descriptors
  streams[0] = {.fd = output.reading.number(), .events = POLLIN, .revents = 0};
  streams[1] = {.fd = error.reading.number(), .events = POLLIN, .revents = 0};
  return ::poll(streams.data(), streams.size(), static_cast<int>(limit.count())) > 0;
}

std::string text_of(milliseconds duration) {
  return duration.count() % 1000 == 0 ? std::to_string(duration.count() / 1000) + " s"
                                      : std::to_string(duration.count()) + " ms";
}

}  // namespace

PosixProcessRunner::PosixProcessRunner(const Environment& environment, const Clock& clock)
    : environment_(environment), clock_(clock), descriptor_limit_(soft_descriptor_limit()) {}

Result<ProcessOutput> PosixProcessRunner::run(const ProcessCommand& command, Deadline deadline) {
  const Deadline due = deadline.or_sooner(clock_, command.timeout);
  if (due.passed(clock_)) return Error{ErrorKind::kTimeout, "no time was left to run " + command.program};
  const auto path = absolute_path(command.program, environment_);
  if (!path) return path.error();
  auto output = create_pipe();
  if (!output) return output.error();
  auto error = create_pipe();
  if (!error) return error.error();

  Capture printed(command.output_limit_bytes);
  Capture complained(command.output_limit_bytes);
  const auto pid = start(*path, command, environment_, output->writing.number(), error->writing.number());
  if (!pid) return pid.error();
  Child child(*pid);
  limit_descriptors(*pid, descriptor_limit_);
  output->writing.close();
  error->writing.close();

  std::optional<Deadline> grace;
  bool idle = false;
  while (true) {
    const bool streams_open = output->reading.open() || error->reading.open();
    if (child.look() == Child::State::kRunning) {
      if (due.passed(clock_)) {
        child.kill();
        return Error{ErrorKind::kTimeout,
                     *path +
                         (deadline.passed(clock_) ? " did not end before the caller's deadline"
                                                  : " did not end within " + text_of(command.timeout)) +
                         ", and was killed"};
      }
    } else {
      if (!grace) grace = Deadline::after(clock_, kGrace);
      if (!streams_open || (idle && grace->passed(clock_)) || due.passed(clock_)) break;
    }

    const auto left = std::chrono::ceil<milliseconds>(
        std::min<std::chrono::nanoseconds>(due.remaining(clock_), streams_open ? kLookEvery : kLookEvery / 4));
    idle = !wait_for_output(*output, *error, left);
    if (idle) continue;
    if (output->reading.open() && !printed.read_from(output->reading)) output->reading.close();
    if (error->reading.open() && !complained.read_from(error->reading)) error->reading.close();
  }
  if (child.look() == Child::State::kLost) {
    return Error{ErrorKind::kInternal, "how " + *path + " ended is not known: this program ignores SIGCHLD"};
  }
  return ProcessOutput{child.exit_code(), Secret(printed.text()), std::string(complained.text())};
}

}  // namespace azf::identity
