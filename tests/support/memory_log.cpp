#include "support/memory_log.h"

namespace azf::test {

void MemoryLogSink::write_line(LogLevel level, std::string_view line) {
  const MutexLock lock(mutex_);
  lines_.emplace_back(level, line);
}

std::vector<std::pair<LogLevel, std::string>> MemoryLogSink::lines() const {
  const MutexLock lock(mutex_);
  return lines_;
}

std::string MemoryLogSink::text() const {
  const MutexLock lock(mutex_);
  std::string text;
  for (const auto& [level, line] : lines_) text.append(line).push_back('\n');
  return text;
}

}  // namespace azf::test
