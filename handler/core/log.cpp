#include "core/log.h"

#include "core/json.h"
#include "core/time_text.h"

#include <algorithm>
#include <cerrno>
#include <unistd.h>

namespace azf {
namespace {

// Every letter of the host's level mark, written so that JSON readers see the same text and the host does not.
void hide_warning_mark(std::string& line) {
  for (std::size_t i = 0; i + 4 <= line.size(); ++i) {
    const auto lower = [&](std::size_t at) { return static_cast<char>(line[at] | 0x20); };
    if (lower(i) == 'w' && lower(i + 1) == 'a' && lower(i + 2) == 'r' && lower(i + 3) == 'n') {
      line.replace(i, 1, line[i] == 'w' ? "\\u0077" : "\\u0057");
    }
  }
}

// Appends the text as it stands between the quotes of a JSON string. Most texts need no escape, and skip the JSON type.
void append_escaped(std::string& line, std::string_view text) {
  const auto plain = [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; };
  if (std::all_of(text.begin(), text.end(), plain)) {
    line.append(text);
  } else {
    const std::string quoted = to_text(Json(std::string(text)));
    line.append(quoted, 1, quoted.size() - 2);
  }
}

using Scope = std::vector<std::pair<std::string, std::string>>;

std::string json_line(LogLevel level, SystemTime time, std::string_view message, const Scope& scope,
                      std::initializer_list<LogField> fields) {
  // Ordered by hand, so that people find the message at the same place in each line.
  std::string line = R"({"level":")";
  line.append(to_string(level)).append(R"(","time":")").append(to_rfc3339_milliseconds(time));
  line.append(R"(","message":")");
  append_escaped(line, message);
  const auto append = [&line](std::string_view name, std::string_view value) {
    line.append(R"(",")");
    append_escaped(line, name);
    line.append(R"(":")");
    append_escaped(line, value);
  };
  for (const auto& [name, value] : scope) append(name, value);
  for (const auto& [name, value] : fields) append(name, value);
  return line.append("\"}");
}

// For people at a terminal: `12:34:56.789 info  message  name=value`. Control characters are escaped as in JSON, so
// that no text from outside can draw on the terminal or begin a line.
std::string text_line(LogLevel level, SystemTime time, std::string_view message, const Scope& scope,
                      std::initializer_list<LogField> fields) {
  std::string line = to_rfc3339_milliseconds(time).substr(11, 12);
  std::string mark(to_string(level));
  mark.resize(5, ' ');
  line.append(" ").append(mark).append(" ");
  append_escaped(line, message);
  const auto append = [&line](std::string_view name, std::string_view value) {
    line.append("  ").append(name).append("=");
    append_escaped(line, value);
  };
  for (const auto& [name, value] : scope) append(name, value);
  for (const auto& [name, value] : fields) append(name, value);
  return line;
}

}  // namespace

std::string_view to_string(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "debug";
    case LogLevel::kInfo: return "info";
    case LogLevel::kWarning: return "warn";
    case LogLevel::kError: return "error";
  }
  return "unknown";
}

std::optional<LogLevel> parse_log_level(std::string_view text) {
  for (const auto level : {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError}) {
    if (text == to_string(level)) return level;
  }
  return std::nullopt;
}

void StandardStreamsSink::write_line(LogLevel level, std::string_view line) {
  const int stream = level >= LogLevel::kWarning ? STDERR_FILENO : information_descriptor_;
  std::string record(line);
  record.push_back('\n');
  std::string_view rest(record);
  while (!rest.empty()) {
    const ssize_t written = ::write(stream, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;  // nobody reads any more: there is no better place to say so
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

Logger::Logger(LogSink& sink, const Clock& clock, LogLevel minimum, LogFormat format)
    : sink_(&sink), clock_(&clock), minimum_(minimum), format_(format) {}

Logger Logger::with(std::string_view name, std::string value) const {
  Logger scoped(*this);
  scoped.scope_.emplace_back(name, std::move(value));
  return scoped;
}

void Logger::debug(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kDebug, message, fields);
}
void Logger::info(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kInfo, message, fields);
}
void Logger::warning(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kWarning, message, fields);
}
void Logger::error(std::string_view message, std::initializer_list<LogField> fields) const {
  write(LogLevel::kError, message, fields);
}

void Logger::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) const {
  if (level < minimum_) return;
  const SystemTime now = clock_->system_now();
  std::string line = format_ == LogFormat::kJson ? json_line(level, now, message, scope_, fields)
                                                 : text_line(level, now, message, scope_, fields);
  if (level == LogLevel::kError) hide_warning_mark(line);
  sink_->write_line(level, line);
}

}  // namespace azf
