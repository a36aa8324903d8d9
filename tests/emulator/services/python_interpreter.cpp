#include "emulator/services/python_interpreter.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr int kResultDescriptor = 3;
constexpr rlim_t kMemoryBytes = rlim_t{1} << 30;
constexpr rlim_t kFileBytes = rlim_t{128} << 20;
constexpr rlim_t kOpenFiles = 128;
constexpr rlim_t kProcesses = 512;
constexpr std::size_t kResultLimit = std::size_t{4} << 20;

// Reads one JSON line for each piece of code from its standard input, and writes one for each result to descriptor 3.
constexpr const char* kProgram = R"python(
import ast, json, os, sys, traceback

requests = os.fdopen(os.dup(0), encoding='utf-8')
results = os.fdopen(3, 'w', encoding='utf-8')
os.set_inheritable(3, False)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)

def no_network(event, arguments):
    if event in ('socket.connect', 'socket.bind', 'socket.sendto', 'socket.getaddrinfo'):
        raise PermissionError('sessions of the stand-in have no network')

sys.addaudithook(no_network)

def plain(value):
    try:
        return json.loads(json.dumps(value, allow_nan=False))
    except Exception:
        return repr(value)

def run(code, scope, seconds):
    import resource
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime) + seconds + 2
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    tree = ast.parse(code, '<session>')
    last = None
    if tree.body and isinstance(tree.body[-1], ast.Expr):
        last = ast.Expression(tree.body.pop().value)
    exec(compile(tree, '<session>', 'exec'), scope)
    return None if last is None else plain(eval(compile(last, '<session>', 'eval'), scope))

scope = {'__name__': '__main__', '__builtins__': __builtins__}
for line in requests:
    request = json.loads(line)
    reply = {'result': None}
    try:
        reply['result'] = run(request['code'], scope, request['seconds'])
    except BaseException as error:
        reply['error_name'] = type(error).__name__
        reply['error_message'] = str(error)
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename != '<string>']
        head = ['Traceback (most recent call last):\n'] if own else []
        sys.stderr.write(''.join(head + traceback.format_list(own) + traceback.format_exception_only(error)))
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    results.write(json.dumps(reply) + '\n')
    results.flush()
)python";

struct Pipe {
  FileDescriptor reader;
  FileDescriptor writer;
};

std::optional<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// The system's own before that of the PATH, which may be a script that needs its user's variables.
std::string find_python() {
  std::string folders = "/usr/bin:/usr/local/bin:/bin";
  if (const char* path = std::getenv("PATH")) folders.append(":").append(path);
  for (std::size_t begin = 0; begin <= folders.size();) {
    const auto end = std::min(folders.find(':', begin), folders.size());
    std::string candidate = folders.substr(begin, end - begin) + "/python3";
    if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    begin = end + 1;
  }
  return "";
}

// In the new process, between fork and exec: system calls and nothing else.
void restrict_process() {
  const auto limit = [](auto resource, rlim_t value) {
    const rlimit both{value, value};
    ::setrlimit(resource, &both);
  };
  ::setpgid(0, 0);
  limit(RLIMIT_AS, kMemoryBytes);
  limit(RLIMIT_CORE, 0);
  limit(RLIMIT_FSIZE, kFileBytes);
  limit(RLIMIT_NOFILE, kOpenFiles);
  limit(RLIMIT_NPROC, kProcesses);
  if (::unshare(CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWIPC) != 0) ::unshare(CLONE_NEWNET | CLONE_NEWIPC);
  // The emulator blocks and ignores signals for itself.
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_DFL);
}

// Reads what is there; false at the end of the stream. What is beyond the limit is dropped.
bool drain(const FileDescriptor& source, std::string& text, std::size_t limit) {
  std::array<char, 8192> block;
  for (;;) {
    const ssize_t count = ::read(source.get(), block.data(), block.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count < 0 && errno == EAGAIN;
    text.append(block.data(), std::min(static_cast<std::size_t>(count), limit - std::min(limit, text.size())));
  }
}

// Writes all of it while the child reads.
bool write_all(const FileDescriptor& target, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(target.get(), text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

struct PythonInterpreter::Child {
  pid_t pid;
  FileDescriptor requests;
  FileDescriptor standard_output;
  FileDescriptor standard_error;
  FileDescriptor results;
};

PythonInterpreter::PythonInterpreter(fs::path folder, const Clock& clock) : folder_(std::move(folder)), clock_(clock) {}

PythonInterpreter::~PythonInterpreter() {
  stop();
  const MutexLock turn(turn_);
  end_child();
}

void PythonInterpreter::stop() {
  const MutexLock lock(mutex_);
  stopped_ = true;
  if (pid_ != 0) ::kill(-pid_, SIGKILL);
}

Result<Success> PythonInterpreter::start() {
  const std::string program = find_python();
  if (program.empty()) return Error{ErrorKind::kNotFound, "there is no python3 for sessions: scripts/setup.sh --test"};
  auto in = make_pipe();
  auto out = make_pipe();
  auto err = make_pipe();
  auto results = make_pipe();
  if (!in || !out || !err || !results) {
    return Error{ErrorKind::kInternal, "pipe: " + std::generic_category().message(errno)};
  }
  const std::string home = "HOME=" + folder_.string();
  const std::array<const char*, 8> arguments = {program.c_str(), "-I", "-S", "-B", "-u", "-c", kProgram, nullptr};
  const std::array<const char*, 4> variables = {"PATH=/usr/bin:/bin", "LANG=C.UTF-8", home.c_str(), nullptr};

  const MutexLock lock(mutex_);
  if (stopped_) return Error{ErrorKind::kCancelled, "the session has ended"};
  const pid_t pid = ::fork();
  if (pid < 0) return Error{ErrorKind::kInternal, "fork: " + std::generic_category().message(errno)};
  if (pid == 0) {
    ::dup2(in->reader.get(), STDIN_FILENO);
    ::dup2(out->writer.get(), STDOUT_FILENO);
    ::dup2(err->writer.get(), STDERR_FILENO);
    // Onto itself, dup2 would leave it to be closed by exec.
    if (::dup2(results->writer.get(), kResultDescriptor) == results->writer.get()) {
      ::fcntl(kResultDescriptor, F_SETFD, 0);
    }
    ::close_range(kResultDescriptor + 1, ~0U, 0);
    restrict_process();
    if (::chdir(folder_.c_str()) == 0) {
      ::execve(program.c_str(), const_cast<char**>(arguments.data()), const_cast<char**>(variables.data()));
    }
    ::_exit(127);
  }
  ::setpgid(pid, pid);  // as the child does, whoever comes first
  pid_ = pid;
  for (const auto* reader : {&out->reader, &err->reader, &results->reader}) {
    ::fcntl(reader->get(), F_SETFL, O_NONBLOCK);
  }
  child_ = std::make_unique<Child>(
      Child{pid, std::move(in->writer), std::move(out->reader), std::move(err->reader), std::move(results->reader)});
  return Success{};
}

void PythonInterpreter::end_child() {
  if (!child_) return;
  {
    const MutexLock lock(mutex_);
    ::kill(-child_->pid, SIGKILL);
    while (::waitpid(child_->pid, nullptr, 0) < 0 && errno == EINTR) {
    }
    // Now the number may become another process's.
    pid_ = 0;
  }
  child_.reset();
}

Result<Execution> PythonInterpreter::run(const std::string& code, seconds timeout) {
  const MutexLock turn(turn_);
  if (!child_) {
    if (auto started = start(); !started) return std::move(started).error();
  }
  const SteadyTime begun = clock_.steady_now();
  const Deadline deadline = Deadline::after(clock_, timeout);
  Execution execution;
  std::string reply;
  struct Source {
    const FileDescriptor& descriptor;
    std::string& text;
    std::size_t limit;
    bool open = true;
  };
  // The result first: what the code wrote before it is then in the other two.
  std::array<Source, 3> sources = {{{child_->results, reply, kResultLimit},
                                    {child_->standard_output, execution.standard_output, kOutputLimit},
                                    {child_->standard_error, execution.standard_error, kOutputLimit}}};
  const bool written = write_all(child_->requests, to_text(Json{{"code", code}, {"seconds", timeout.count()}}) + "\n");
  while (written && sources[0].open && reply.find('\n') == std::string::npos) {
    std::array<pollfd, 3> events{};
    for (std::size_t i = 0; i < sources.size(); ++i) {
      events[i] = {sources[i].open ? sources[i].descriptor.get() : -1, POLLIN, 0};
    }
    const auto left = std::chrono::ceil<milliseconds>(deadline.remaining(clock_));
    const int ready = ::poll(events.data(), events.size(), static_cast<int>(left.count()));
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) {
      execution.end = Execution::End::kTimeout;
      break;
    }
    for (auto& source : sources) source.open = source.open && drain(source.descriptor, source.text, source.limit);
  }
  execution.duration = std::chrono::duration_cast<milliseconds>(clock_.steady_now() - begun);
  const auto line = parse_json(std::string_view(reply).substr(0, std::min(reply.find('\n'), reply.size())));
  if (execution.end == Execution::End::kTimeout || !line) {
    if (execution.end == Execution::End::kDone) execution.end = Execution::End::kCrashed;
    end_child();
    return execution;
  }
  // The code can write there too, so it may be anything.
  const auto text = [&](std::string_view name) {
    const Json* member = find_member(*line, name);
    return member != nullptr && member->is_string() ? member->get<std::string>() : "";
  };
  if (const Json* result = find_member(*line, "result")) execution.result = *result;
  execution.error_name = text("error_name");
  execution.error_message = text("error_message");
  if (!execution.error_name.empty()) execution.end = Execution::End::kRaised;
  return execution;
}

}  // namespace azf::emulator
