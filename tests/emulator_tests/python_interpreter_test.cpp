#include "emulator/services/python_interpreter.h"

#include "emulator/state_file.h"

#include <doctest/doctest.h>

#include <csignal>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace azf::emulator {
namespace {

using std::chrono::seconds;

struct Fixture {
  Fixture() {
    std::signal(SIGPIPE, SIG_IGN);
    auto created = TemporaryFolder::create();
    REQUIRE(created);
    folder.emplace(std::move(*created));
    python.emplace(folder->path(), clock);
  }

  Execution run(const std::string& code, seconds timeout = seconds(60)) {
    auto execution = python->run(code, timeout);
    REQUIRE_MESSAGE(execution, execution.error().message);
    return *std::move(execution);
  }

  const SystemClock clock;
  std::optional<TemporaryFolder> folder;
  std::optional<PythonInterpreter> python;
};

bool ended(const Execution& execution, Execution::End end) { return execution.end == end; }

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE_FIXTURE(Fixture, "gives the value of the last expression") {
  const std::vector<std::pair<std::string, Json>> rows = {
      {"1 + 1", 2},      {"'text'", "text"},      {"{'a': [1, None, True]}", {{"a", {1, nullptr, true}}}},
      {"None", nullptr}, {"x = 5", nullptr},      {"", nullptr},
      {"{1}", "{1}"},    {"float('nan')", "nan"}, {"'Grüße, 世界'", "Grüße, 世界"},
  };
  for (const auto& row : rows) {
    CAPTURE(row.first);
    const auto& [code, result] = row;
    const Execution execution = run(code);
    CHECK(ended(execution, Execution::End::kDone));
    CHECK(execution.result == result);
  }
}

TEST_CASE_FIXTURE(Fixture, "keeps variables, and files in its folder, from one code to the next") {
  run("import math\nx = 41\nopen('note.txt', 'w').write('hello')");
  const Execution execution = run("print(x + 1, math.floor(2.5), open('note.txt').read())");
  CHECK(execution.standard_output == "42 2 hello\n");
  std::ifstream file(folder->path() / "note.txt");
  std::string text;
  file >> text;
  CHECK(text == "hello");
}

TEST_CASE_FIXTURE(Fixture, "tells of exceptions, and goes on") {
  const Execution execution = run("print('before')\ndef f():\n  return 1 / 0\nf()");
  CHECK(ended(execution, Execution::End::kRaised));
  CHECK(execution.standard_output == "before\n");
  CHECK(execution.standard_error ==
        "Traceback (most recent call last):\n  File \"<session>\", line 4, in <module>\n"
        "  File \"<session>\", line 3, in f\nZeroDivisionError: division by zero\n");
  CHECK(execution.error_name == "ZeroDivisionError");
  CHECK(execution.error_message == "division by zero");
  CHECK(run("1 +").error_name == "SyntaxError");
  CHECK(run("raise SystemExit(3)").error_name == "SystemExit");
  CHECK(run("2").result == 2);
}

TEST_CASE_FIXTURE(Fixture, "begins anew after a time-out and after a crash") {
  run("x = 1");
  const Execution slow = run("print('begun', flush=True)\nwhile True: pass", seconds(1));
  CHECK(ended(slow, Execution::End::kTimeout));
  CHECK(slow.standard_output == "begun\n");
  CHECK(run("x").error_name == "NameError");
  CHECK(ended(run("import os\nos._exit(3)"), Execution::End::kCrashed));
  CHECK(ended(run("import os\nos.close(3)\nos.kill(os.getpid(), 9)"), Execution::End::kCrashed));
  CHECK(run("3").result == 3);
}

TEST_CASE_FIXTURE(Fixture, "has bounds") {
  CHECK(run("bytearray(4 << 30)").error_name == "MemoryError");
  CHECK(run("f = open('big', 'wb')\nf.truncate(1 << 30)").error_name == "OSError");
  CHECK(run("import socket\nsocket.create_connection(('127.0.0.1', 9))").error_name == "PermissionError");
  CHECK(run("import os\nsorted(os.environ)").result == Json{"HOME", "LANG", "PATH"});
  CHECK(run("import os\nos.getcwd()").result == folder->path().string());
  CHECK(run("input()").error_name == "EOFError");
  const Execution loud = run("print('x' * 1000000)");
  CHECK(ended(loud, Execution::End::kDone));
  CHECK(loud.standard_output.size() == PythonInterpreter::kOutputLimit);
}

TEST_CASE_FIXTURE(Fixture, "outlives code that writes where results go, and code that closes its output") {
  run("import os\nos.write(3, b'{\"error_name\": 5}\\n')");
  CHECK_FALSE(ended(run("import os\nos.close(1)\nos.close(2)"), Execution::End::kTimeout));
}

TEST_CASE_FIXTURE(Fixture, "ends when it is stopped, with what it started") {
  std::optional<Execution> execution;
  std::thread runner([&] {
    execution =
        run("import subprocess, time\nsubprocess.Popen(['sleep', '600'])\n"
            "open('begun', 'w').close()\ntime.sleep(600)");
  });
  while (!std::filesystem::exists(folder->path() / "begun")) clock.sleep_for(std::chrono::milliseconds(5));
  python->stop();
  runner.join();
  CHECK(ended(*execution, Execution::End::kCrashed));
  CHECK_FALSE(python->run("1", seconds(1)));
}

TEST_SUITE_END();

}  // namespace azf::emulator
