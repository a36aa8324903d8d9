#pragma once

#include "core/clock.h"
#include "core/log.h"

#include <string_view>

namespace azf::emulator {

/// Writes every line to standard output, whatever its level, as `func start` does.
class StandardOutputSink final : public LogSink {
 public:
  void write_line(LogLevel level, std::string_view line) override;
};

/// How the console looks.
struct ConsoleOptions {
  LogFormat format = LogFormat::kText;
  /// Levels are told by colour; only for text on a terminal.
  bool colour = false;
  LogLevel minimum = LogLevel::kInfo;
};

/// What the developer sees: the host's own records and, classified, the handler's lines. Thread-safe.
class Console {
 public:
  /// `sink` and `clock` outlive the console.
  Console(LogSink& sink, const Clock& clock, ConsoleOptions options) : sink_(sink), clock_(clock), options_(options) {}

  /// One record. Control characters in it are made visible, so that no handler can draw on the terminal.
  void write(LogLevel level, std::string_view category, std::string_view message) const;
  /// A line for people, such as the list of functions; nothing in JSON format.
  void print(std::string_view line) const;

 private:
  LogSink& sink_;
  const Clock& clock_;
  const ConsoleOptions options_;
};

/// Category of the host's own records.
inline constexpr std::string_view kHostCategory = "Host";

}  // namespace azf::emulator
