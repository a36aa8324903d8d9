#include "emulator/host/console.h"

#include "core/json.h"
#include "core/time_text.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <string>
#include <unistd.h>

namespace azf::emulator {
namespace {

std::string visible(std::string_view text) {
  std::string shown;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte != 0x7f) {
      shown.push_back(c);
    } else if (c == '\t') {
      shown.push_back(' ');
    } else {
      std::array<char, 8> escape{};
      std::snprintf(escape.data(), escape.size(), "\\x%02x", byte);
      shown.append(escape.data());
    }
  }
  return shown;
}

std::string_view colour_of(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug: return "\x1b[90m";
    case LogLevel::kInfo: return "";
    case LogLevel::kWarning: return "\x1b[33m";
    case LogLevel::kError: return "\x1b[31m";
  }
  return "";
}

}  // namespace

void StandardOutputSink::write_line(LogLevel /*level*/, std::string_view line) {
  std::string record(line);
  record.push_back('\n');
  std::string_view rest(record);
  while (!rest.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    rest.remove_prefix(static_cast<std::size_t>(written));
  }
}

void Console::write(LogLevel level, std::string_view category, std::string_view message) const {
  if (level < options_.minimum) return;
  const std::string time = to_rfc3339_milliseconds(clock_.system_now());
  if (options_.format == LogFormat::kJson) {
    sink_.write_line(level, to_text(Json{{"time", time},
                                         {"level", std::string(to_string(level))},
                                         {"category", std::string(category)},
                                         {"message", std::string(message)}}));
    return;
  }
  const std::string_view colour = options_.colour ? colour_of(level) : "";
  // Without colours the level is told in letters.
  const std::string mark = options_.colour || level == LogLevel::kInfo ? "" : std::string(to_string(level)) + ": ";
  sink_.write_line(
      level, std::string(colour) + "[" + time + "] " + mark + visible(message) + (colour.empty() ? "" : "\x1b[0m"));
}

void Console::print(std::string_view line) const {
  if (options_.format == LogFormat::kText) sink_.write_line(LogLevel::kInfo, line);
}

}  // namespace azf::emulator
