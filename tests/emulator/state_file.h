#pragma once

#include "core/result.h"

#include <filesystem>
#include <string_view>

namespace azf::emulator {

/// Writes a file that only its owner may read, whole or not at all: readers see the old text or the new one.
/// `kInvalidArgument` when the file cannot be written.
Result<Success> write_state_file(const std::filesystem::path& file, std::string_view text);

/// A fresh folder for the files of one run, removed with all that is in it when this object dies. Move-only.
class TemporaryFolder {
 public:
  /// `kInvalidArgument` when the system's temporary folder does not allow it.
  static Result<TemporaryFolder> create();
  TemporaryFolder(TemporaryFolder&& other) noexcept;
  TemporaryFolder& operator=(TemporaryFolder&&) = delete;
  ~TemporaryFolder();

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

}  // namespace azf::emulator
