#pragma once

#include "core/json.h"
#include "core/result.h"

#include <filesystem>

namespace azf::emulator {

/// The file that tells scripts that a command serves, and where: it is there only as long as that is true.
class ReadyFile {
 public:
  /// Removes what an earlier run left. An empty `file` stands for none: then nothing is ever written.
  explicit ReadyFile(std::filesystem::path file);
  ReadyFile(const ReadyFile&) = delete;
  ReadyFile& operator=(const ReadyFile&) = delete;
  /// Removes the file.
  ~ReadyFile();

  /// Replaces the file by this record, whole or not at all. `kInvalidArgument` when it cannot be written.
  Result<Success> write(const Json& record) const;

 private:
  const std::filesystem::path file_;
};

}  // namespace azf::emulator
