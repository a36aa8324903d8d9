#pragma once

#include <string>
#include <string_view>

namespace azf::test {

/// A directory of its own for one test, removed with all it holds at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  /// Absolute, without a slash at the end.
  [[nodiscard]] const std::string& path() const { return path_; }
  /// Writes a file, replacing one of that name, and the directories on its way; returns its absolute path.
  std::string write(std::string_view relative_path, std::string_view content) const;

 private:
  std::string path_;
};

}  // namespace azf::test
