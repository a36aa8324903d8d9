#pragma once

#include "core/clock.h"

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azf {

enum class LogLevel { kDebug, kInfo, kWarning, kError };
enum class LogFormat { kJson, kText };

/// `debug`, `info`, `warn`, `error`.
std::string_view to_string(LogLevel level);
std::optional<LogLevel> parse_log_level(std::string_view text);

/// One name and value of a record. The value is text for people; never a secret, a header value or a query value.
using LogField = std::pair<std::string_view, std::string>;

/// Where finished lines go. Implementations are thread-safe and write a line whole or not at all.
class LogSink {
 public:
  virtual ~LogSink() = default;
  /// `line` has no line break in it; the sink adds the one at its end.
  virtual void write_line(LogLevel level, std::string_view line) = 0;
};

/// Warnings and errors go to standard error, the rest to the descriptor it is given: standard output when serving, as
/// the Functions host expects. Each line is one unbuffered write, because the host reads pipes and takes one record
/// per line.
class StandardStreamsSink final : public LogSink {
 public:
  explicit StandardStreamsSink(int information_descriptor) : information_descriptor_(information_descriptor) {}

  void write_line(LogLevel level, std::string_view line) override;

 private:
  int information_descriptor_;
};

/// Writes records as lines. The Functions host tells the level by the stream and the text alone (standard error is
/// an error, unless `warn` stands in the line), so this class makes sure that `warn` is in every warning and in no
/// error, and that no line begins with one of the host's reserved prefixes. Thread-safe; copies share the sink.
class Logger {
 public:
  /// `sink` and `clock` must outlive the logger and its copies.
  Logger(LogSink& sink, const Clock& clock, LogLevel minimum, LogFormat format);

  /// A logger that adds `name` and `value` to every record, such as the invocation id.
  [[nodiscard]] Logger with(std::string_view name, std::string value) const;

  /// Whether a record of that level would be written: for callers that would build its fields in vain.
  [[nodiscard]] bool enabled(LogLevel level) const { return level >= minimum_; }

  void debug(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void info(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void warning(std::string_view message, std::initializer_list<LogField> fields = {}) const;
  void error(std::string_view message, std::initializer_list<LogField> fields = {}) const;

 private:
  void write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) const;

  LogSink* sink_;
  const Clock* clock_;
  LogLevel minimum_;
  LogFormat format_;
  std::vector<std::pair<std::string, std::string>> scope_;
};

}  // namespace azf
