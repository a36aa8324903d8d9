#include "emulator/host/console_line.h"

#include <doctest/doctest.h>

#include <tuple>
#include <vector>

namespace azf::emulator {

TEST_SUITE_BEGIN("emulator");

TEST_CASE("takes level and category from stream and words") {
  const std::string console = "Host.Function.Console";
  const std::string system = "Worker.HttpWorkerProcess.w1";
  using enum LogLevel;
  const std::vector<std::tuple<OutputStream, const char*, bool, ConsoleRecord>> rows = {
      {OutputStream::kStdout, "error: all is lost", true, {kInfo, console, "error: all is lost", false}},
      {OutputStream::kStderr, "hello", true, {kError, console, "hello", false}},
      {OutputStream::kStderr, "a WARNing", true, {kWarning, console, "a WARNing", false}},
      {OutputStream::kStderr, "hello", false, {kInfo, console, "hello", false}},
      {OutputStream::kStderr, "It Failed", false, {kError, console, "It Failed", false}},
      {OutputStream::kStderr, "an Unhandled Exception", false, {kError, console, "an Unhandled Exception", false}},
      {OutputStream::kStderr, "error and warning", false, {kWarning, console, "error and warning", false}},
      {OutputStream::kStdout,
       "languageworkerconsolelog one LanguageWorkerConsoleLogtwo",
       true,
       {kInfo, system, " one two", true}},
      {OutputStream::kStdout, "azfuncjsonlog:{}", true, {kInfo, "Host.Function.ToolingConsoleLog", "{}", false}},
      {OutputStream::kStdout, "", true, {kInfo, console, "", false}},
  };
  for (const auto& row : rows) {
    CAPTURE(std::get<1>(row));
    const auto& [stream, line, errors_only, expected] = row;
    CHECK(classify_line(stream, line, errors_only, "w1") == expected);
  }
}

TEST_SUITE_END();

}  // namespace azf::emulator
