#pragma once

#include "core/log.h"

#include <string>
#include <string_view>

namespace azf::emulator {

enum class OutputStream { kStdout, kStderr };

/// A line of the handler as a record of the host's log.
struct ConsoleRecord {
  LogLevel level = LogLevel::kInfo;
  std::string category;
  std::string text;
  /// For the platform's own log, which a developer does not see.
  bool is_system_log = false;

  friend bool operator==(const ConsoleRecord&, const ConsoleRecord&) = default;
};

/// Level and category of one line, which the host takes from the stream and from words in the line
/// (azure-functions-host, `WorkerProcess.cs` and `WorkerConsoleLogService.cs`).
ConsoleRecord classify_line(OutputStream stream, std::string_view line, bool stderr_is_for_errors_only,
                            std::string_view worker_id);

}  // namespace azf::emulator
