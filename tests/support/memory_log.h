#pragma once

#include "core/log.h"
#include "core/mutex.h"

#include <string>
#include <utility>
#include <vector>

namespace azf::test {

/// Keeps log lines for a test to look at. Thread-safe.
class MemoryLogSink final : public LogSink {
 public:
  void write_line(LogLevel level, std::string_view line) override;

  [[nodiscard]] std::vector<std::pair<LogLevel, std::string>> lines() const;
  /// All lines, each with a line break, for "must not contain" checks.
  [[nodiscard]] std::string text() const;

 private:
  mutable Mutex mutex_;
  std::vector<std::pair<LogLevel, std::string>> lines_ GUARDED_BY(mutex_);
};

}  // namespace azf::test
