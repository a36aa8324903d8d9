#include "identity/posix_process_runner.h"

#include "support/temporary_directory.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <set>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;

// Real shell scripts as tools. Time-outs are short where they are meant to pass, and else so long that no slow machine
// reaches them.
struct RunnerFixture {
  RunnerFixture() { environment.set("PATH", directory.path() + ":/usr/bin:/bin"); }

  std::string script(const std::string& name, const std::string& body) const {
    const std::string path = directory.write(name, "#!/bin/sh\n" + body + "\n");
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }
  Result<ProcessOutput> run(const ProcessCommand& command, Deadline deadline = Deadline::never()) {
    return runner.run(command, deadline);
  }
  /// The output of a script that is expected to end by itself.
  ProcessOutput run_script(const std::string& body, ProcessCommand command = {.program = "az", .timeout = 60s}) {
    script("az", body);
    auto output = run(command);
    REQUIRE(output);
    return std::move(*output);
  }
  std::string printed(const std::string& body, ProcessCommand command = {.program = "az", .timeout = 60s}) {
    return std::string(run_script(body, std::move(command)).standard_output.expose());
  }
  /// A process id that a script wrote into a file of the test's directory.
  [[nodiscard]] pid_t pid_in(const std::string& name) const {
    pid_t pid = 0;
    std::ifstream(directory.path() + "/" + name) >> pid;
    return pid;
  }

  test::TemporaryDirectory directory;
  Environment environment;
  SystemClock clock;
  PosixProcessRunner runner{environment, clock};
};

// Orphans become zombies where the test runs without an init that reaps; a zombie has ended.
bool has_ended(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string stat;
  if (!std::getline(file, stat)) return true;
  return stat.find(") Z ") != std::string::npos || stat.find(") X ") != std::string::npos;
}

bool ends_soon(pid_t pid) {
  for (int i = 0; i < 500 && !has_ended(pid); ++i) std::this_thread::sleep_for(10ms);
  return has_ended(pid);
}

// The program's descriptors without the one that lists them.
std::set<std::string> open_descriptors() {
  std::set<std::string> open;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) open.insert(entry.path().filename());
  return open;
}

bool has_children() { return ::waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD; }

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("I-43: a tool sees HOME and HTTPS_PROXY, runs in /bin, and its input is empty") {
    RunnerFixture f;
    f.environment.set("HOME", "/home/somebody");
    f.environment.set("HTTPS_PROXY", "http://proxy.example:3128");
    f.environment.set("EMPTY", "");
    CHECK(f.printed("echo \"$HOME|$HTTPS_PROXY|${EMPTY-unset}|$(cat)\"; [ . -ef /bin ] && echo in /bin") ==
          "/home/somebody|http://proxy.example:3128||\nin /bin\n");
  }

  TEST_CASE("a command's variables stand in the place of equal ones, and arguments need no quoting") {
    RunnerFixture f;
    f.environment.set("COLOR", "yes");
    ProcessCommand command{.program = "az", .timeout = 60s};
    command.arguments = {"two words", "$(id)", "'\"", ""};
    command.variables = {{"COLOR", "no"}, {"MORE", "1"}};
    CHECK(f.printed("printf '%s;' \"$COLOR\" \"$MORE\" \"$@\"", command) == "no;1;two words;$(id);'\";;");
  }

  TEST_CASE("a tool inherits no descriptor, not even one without close-on-exec, and none is left open") {
    RunnerFixture f;
    const int inheritable = ::fcntl(STDERR_FILENO, F_DUPFD, 100);  // a number that no shell uses by itself
    f.printed("true");                                             // whatever is opened once and for all is open now
    const auto before = open_descriptors();
    REQUIRE(inheritable >= 100);
    CHECK(f.printed("ls /proc/self/fd").find(std::to_string(inheritable)) == std::string::npos);
    f.script("hangs", "sleep 600");
    CHECK(!f.run({.program = "hangs", .timeout = 100ms}));
    CHECK(!f.run({.program = "missing"}));
    CHECK(open_descriptors() == before);
    ::close(inheritable);
  }

  TEST_CASE("a tool gets the soft limit of descriptors that was there before this program raised its own") {
    rlimit before{};
    REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
    rlimit low = before;
    low.rlim_cur = 250;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &low) == 0);
    RunnerFixture fixture;
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
    CHECK(fixture.printed("until [ $(ulimit -n) = 250 ]; do sleep 0.01; done; echo yes") == "yes\n");
  }

  TEST_CASE("a tool starts with no signal blocked or ignored, in a session of its own") {
    RunnerFixture f;
    sigset_t blocked;
    sigset_t before;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto old_handler = std::signal(SIGPIPE, SIG_IGN);
    const int ended_by_pipe = f.run_script("kill -PIPE $$; exit 1").exit_code;
    const int ended_by_terminate = f.run_script("kill -TERM $$; exit 1").exit_code;
    std::signal(SIGPIPE, old_handler);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    CHECK(ended_by_pipe == 128 + SIGPIPE);
    CHECK(ended_by_terminate == 128 + SIGTERM);
    // Fields of `stat` after the name: state, parent, group, session.
    CHECK(f.printed("set -- $(sed 's/.*) //' /proc/$$/stat); [ $3 = $$ ] && [ $4 = $$ ] && echo own") == "own\n");
  }

  TEST_CASE("I-44: a tool that sleeps is killed with its children, in time, and leaves no zombie") {
    RunnerFixture f;
    f.environment.set("FOLDER", f.directory.path());
    f.script("az", "echo $$ > $FOLDER/parent; sleep 600 & echo $! > $FOLDER/child; wait");
    const SteadyTime began = f.clock.steady_now();
    const auto output = f.run({.program = "az", .timeout = 1s});
    const auto took = f.clock.steady_now() - began;
    REQUIRE(!output);
    CHECK(output.error().kind == ErrorKind::kTimeout);
    CHECK(output.error().message == f.directory.path() + "/az did not end within 1 s, and was killed");
    CHECK(took >= 1s);
    CHECK(took < 60s);  // far from the 600 s of the script; the exact time depends on the machine
    CHECK_FALSE(has_children());
    REQUIRE(f.pid_in("parent") > 0);
    REQUIRE(f.pid_in("child") > 0);
    CHECK(ends_soon(f.pid_in("parent")));
    CHECK(ends_soon(f.pid_in("child")));
  }

  TEST_CASE("I-44: the caller's deadline ends a tool too, and a passed one starts nothing") {
    RunnerFixture f;
    f.script("az", "echo > " + f.directory.path() + "/started; sleep 600");
    const auto late = f.run({.program = "az", .timeout = 60s}, Deadline::after(f.clock, -1s));
    REQUIRE(!late);
    CHECK(late.error().kind == ErrorKind::kTimeout);
    CHECK_FALSE(std::filesystem::exists(f.directory.path() + "/started"));

    const auto cut = f.run({.program = "az", .timeout = 600s}, Deadline::after(f.clock, 300ms));
    REQUIRE(!cut);
    CHECK(cut.error().kind == ErrorKind::kTimeout);
    CHECK(cut.error().message.find("the caller's deadline") != std::string::npos);
    CHECK_FALSE(has_children());
  }

  TEST_CASE("I-44: a process that a tool left behind with its outputs does not hold the caller") {
    RunnerFixture f;
    f.environment.set("FOLDER", f.directory.path());
    const auto output =
        f.run_script("echo token; sleep 600 & echo $! > $FOLDER/child; exit 3", {.program = "az", .timeout = 300s});
    CHECK(output.standard_output.expose() == "token\n");
    CHECK(output.exit_code == 3);
    REQUIRE(f.pid_in("child") > 0);
    ::kill(f.pid_in("child"), SIGKILL);
  }

  TEST_CASE("I-44: a tool that closes its outputs is waited for, and killed when time is up") {
    RunnerFixture f;
    CHECK(f.run_script("exec >&- 2>&-; sleep 0.2; exit 5").exit_code == 5);
    f.script("az", "exec >&- 2>&-; sleep 600");
    const auto output = f.run({.program = "az", .timeout = 300ms});
    REQUIRE(!output);
    CHECK(output.error().message.find("300 ms") != std::string::npos);
  }

  TEST_CASE("I-44: a tool that writes without end is killed when time is up") {
    RunnerFixture f;
    f.script("az", "yes & exec yes >&2");
    const auto output = f.run({.program = "az", .timeout = 500ms});
    REQUIRE(!output);
    CHECK(output.error().kind == ErrorKind::kTimeout);
    CHECK_FALSE(has_children());
  }

  TEST_CASE("I-45: a tool that is missing or cannot be executed is not found, and the message says why") {
    RunnerFixture f;
    const std::string folder = f.directory.path();
    f.directory.write("not-executable", "#!/bin/sh\n");
    f.script("no-interpreter", "");
    f.directory.write("no-interpreter", "#!/nonexistent/interpreter\n");
    f.directory.write("no-program", "neither a script nor a program");
    std::filesystem::permissions(folder + "/no-program", std::filesystem::perms::owner_all);
    std::filesystem::create_directory(folder + "/a-folder");

    const struct {
      std::string program;
      std::string message;
    } rows[] = {
        {"missing-tool", "missing-tool was not found on PATH"},
        {"not-executable", "not-executable was not found on PATH: " + folder + "/not-executable cannot be executed"},
        {"a-folder", "a-folder was not found on PATH: " + folder + "/a-folder cannot be executed"},
        {folder + "/missing", folder + "/missing does not exist"},
        {folder + "/not-executable", folder + "/not-executable cannot be executed"},
        {"no-interpreter",
         folder + "/no-interpreter cannot be executed: the program that it is written for does not exist"},
        {"no-program", folder + "/no-program cannot be executed: Exec format error"},
        {"./az", "\"./az\" is neither a name nor an absolute path"},
        {"", "\"\" is neither a name nor an absolute path"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.program);
      const auto output = f.run({.program = row.program});
      REQUIRE(!output);
      CHECK(output.error() == Error{ErrorKind::kNotFound, row.message});
    }
  }

  TEST_CASE("I-45: empty and relative entries of PATH are skipped, and without PATH nothing is found") {
    RunnerFixture f;
    f.script("tool-of-this-test", "echo found");
    const auto folder = std::filesystem::current_path();
    std::filesystem::current_path(f.directory.path());
    f.environment.set("PATH", ":.::" + f.directory.path().substr(1) + ":");
    const auto by_relative = f.run({.program = "tool-of-this-test"});
    std::filesystem::current_path(folder);
    REQUIRE(!by_relative);
    CHECK(by_relative.error().kind == ErrorKind::kNotFound);

    f.environment.set("PATH", ".:/nonexistent:" + f.directory.path());
    const auto by_absolute = f.run({.program = "tool-of-this-test", .timeout = 60s});
    REQUIRE(by_absolute);
    CHECK(by_absolute->standard_output.expose() == "found\n");

    f.environment.set("PATH", "");
    const auto without = f.run({.program = "sh"});
    REQUIRE(!without);
    CHECK(without.error().message == "sh was not found: PATH is not set");
  }

  TEST_CASE("the first executable of that name on PATH is run") {
    RunnerFixture f;
    f.directory.write("first/az", "#!/bin/sh\necho not executable\n");
    f.script("second/az", "echo second");
    f.script("third/az", "echo third");
    const std::string folder = f.directory.path();
    f.environment.set("PATH", folder + "/first:" + folder + "/second:" + folder + "/third");
    const auto output = f.run({.program = "az", .timeout = 60s});
    REQUIRE(output);
    CHECK(output->standard_output.expose() == "second\n");
  }

  TEST_CASE("I-49: a MiB on standard error and one on standard output do not deadlock") {
    RunnerFixture f;
    const auto output = f.run_script(
        "head -c 1048576 /dev/zero | tr '\\0' e >&2; echo between; head -c 1048576 /dev/zero | tr '\\0' o; exit 1",
        {.program = "az", .timeout = 120s, .output_limit_bytes = std::size_t{2} << 20});
    CHECK(output.exit_code == 1);
    CHECK(output.standard_error == std::string(1048576, 'e'));
    CHECK(output.standard_output.expose() == "between\n" + std::string(1048576, 'o'));
  }

  TEST_CASE("output beyond the limit is read and dropped") {
    RunnerFixture f;
    const auto output = f.run_script("printf 12345678; printf abcdefgh >&2; head -c 300000 /dev/zero; exit 7",
                                     {.program = "az", .timeout = 60s, .output_limit_bytes = 5});
    CHECK(output.standard_output.expose() == "12345");
    CHECK(output.standard_error == "abcde");
    CHECK(output.exit_code == 7);
  }

  TEST_CASE("exit codes are those of a shell, 128 and the number after a signal") {
    RunnerFixture f;
    CHECK(f.run_script("exit 0").exit_code == 0);
    CHECK(f.run_script("exit 127").exit_code == 127);
    CHECK(f.run_script("kill -TERM $$").exit_code == 128 + SIGTERM);
    CHECK(f.run_script("kill -KILL $$").exit_code == 128 + SIGKILL);
  }

  TEST_CASE("several threads run tools at once, each gets its own output") {
    RunnerFixture f;
    f.script("az", "echo $1; echo $1 >&2; exit $1");
    std::array<std::string, 8> outputs;
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      threads.emplace_back([&f, &outputs, i] {
        const auto output = f.run({.program = "az", .arguments = {std::to_string(i)}, .timeout = 120s});
        if (!output) return;
        outputs.at(i) =
            std::string(output->standard_output.expose()) + output->standard_error + std::to_string(output->exit_code);
      });
    }
    for (std::thread& each : threads) each.join();
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      const std::string number = std::to_string(i);
      CHECK(outputs.at(i) == number + "\n" + number + "\n" + number);
    }
  }
}

}  // namespace azf::identity
