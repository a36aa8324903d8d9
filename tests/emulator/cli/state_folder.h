#pragma once

#include "core/result.h"
#include "emulator/state_file.h"

#include <filesystem>
#include <optional>
#include <utility>

namespace azf::emulator {

/// Where a run keeps its files: a folder that the user names and keeps, or a temporary one. Move-only.
class StateFolder {
 public:
  /// Makes `wanted` if it does not exist; an empty one stands for a temporary folder. `kInvalidArgument`.
  static Result<StateFolder> open(const std::filesystem::path& wanted);

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  StateFolder(std::filesystem::path path, std::optional<TemporaryFolder> temporary)
      : path_(std::move(path)), temporary_(std::move(temporary)) {}

  std::filesystem::path path_;
  std::optional<TemporaryFolder> temporary_;
};

}  // namespace azf::emulator
