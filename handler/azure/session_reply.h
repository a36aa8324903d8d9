#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "core/result.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::azure {

/// What came of code that ran in a session. Value.
struct Execution {
  /// False if the code raised an error, ended itself or took too long: `standard_error` tells.
  bool succeeded = false;
  std::string standard_output{};
  std::string standard_error{};
  /// The value of the code's last expression, any JSON; an image is `{"type":"image","format","base64_data"}`. Null if
  /// there is none.
  Json result{};
  /// As the pool has measured it, else from request to reply.
  std::chrono::milliseconds duration{0};
  /// Whether the pool has cut off one of the outputs.
  bool truncated = false;

  friend bool operator==(const Execution&, const Execution&) = default;
};

/// An execution as a reply tells of it. Value.
struct ExecutionReply {
  /// By which the pool finds it again; may be empty.
  std::string id{};
  /// Nothing as long as the code runs or waits.
  std::optional<Execution> execution{};
};

/// A file in a session. Value.
struct SessionFile {
  std::string name;
  std::uint64_t size = 0;
  std::optional<SystemTime> modified{};

  friend bool operator==(const SessionFile&, const SessionFile&) = default;
};

/// Files of a list, and the link to its next part; empty at the end. Value.
struct SessionFilePage {
  std::vector<SessionFile> files{};
  std::string next_link{};
};

// The shapes of both generations (Azure-Samples/container-apps-dynamic-sessions-samples, code-interpreter/
// 2024-08-02-preview-and-before.md and 2024-10-02-preview-and-after.md; microsoft/semantic-kernel,
// python/semantic_kernel/core_plugins/sessions_python_tool). Both fail with `kUnexpectedResponse`, and repeat nothing.

/// The status decides, not whether the reply was 200 or 202. `elapsed` is for replies that have no duration.
Result<ExecutionReply> parse_execution_reply(std::string_view body, std::chrono::milliseconds elapsed);

/// A list of files, or one file for itself. Folders are left out.
Result<SessionFilePage> parse_session_files(std::string_view body);

}  // namespace azf::azure
