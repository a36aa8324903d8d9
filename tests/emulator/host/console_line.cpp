#include "emulator/host/console_line.h"

#include "emulator/wire/coding.h"

#include <algorithm>
#include <array>

namespace azf::emulator {
namespace {

constexpr std::string_view kSystemLogPrefix = "LanguageWorkerConsoleLog";
constexpr std::string_view kToolingLogPrefix = "azfuncjsonlog:";
constexpr auto kErrorWords = std::to_array<std::string_view>({"error", "fail", "severe", "unhandled exception"});

LogLevel level_of(OutputStream stream, std::string_view line, bool stderr_is_for_errors_only) {
  if (stream == OutputStream::kStdout) return LogLevel::kInfo;
  const std::string lower = to_lower(line);
  if (lower.find("warn") != std::string::npos) return LogLevel::kWarning;
  const bool names_error = std::any_of(kErrorWords.begin(), kErrorWords.end(),
                                       [&](std::string_view word) { return lower.find(word) != std::string::npos; });
  return stderr_is_for_errors_only || names_error ? LogLevel::kError : LogLevel::kInfo;
}

bool begins_with(std::string_view line, std::string_view prefix) {
  return equal_ignoring_case(line.substr(0, prefix.size()), prefix);
}

// Every occurrence, letter case ignored.
std::string without(std::string_view line, std::string_view word) {
  std::string rest;
  while (!line.empty()) {
    if (begins_with(line, word)) {
      line.remove_prefix(word.size());
    } else {
      rest.push_back(line.front());
      line.remove_prefix(1);
    }
  }
  return rest;
}

}  // namespace

ConsoleRecord classify_line(OutputStream stream, std::string_view line, bool stderr_is_for_errors_only,
                            std::string_view worker_id) {
  const LogLevel level = level_of(stream, line, stderr_is_for_errors_only);
  if (begins_with(line, kSystemLogPrefix)) {
    return {level, "Worker.HttpWorkerProcess." + std::string(worker_id), without(line, kSystemLogPrefix), true};
  }
  if (begins_with(line, kToolingLogPrefix)) {
    return {level, "Host.Function.ToolingConsoleLog", without(line, kToolingLogPrefix), false};
  }
  return {level, "Host.Function.Console", std::string(line), false};
}

}  // namespace azf::emulator
