#include "support/temporary_directory.h"

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <stdlib.h>
#include <system_error>

namespace azf::test {

TemporaryDirectory::TemporaryDirectory() : path_(std::filesystem::temp_directory_path() / "azf-test-XXXXXX") {
  if (mkdtemp(path_.data()) == nullptr) throw std::system_error(errno, std::generic_category(), path_);
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::write(std::string_view relative_path, std::string_view content) const {
  const auto file = std::filesystem::path(path_) / relative_path;
  std::filesystem::create_directories(file.parent_path());
  std::ofstream stream(file, std::ios::binary);
  stream.write(content.data(), static_cast<std::streamsize>(content.size()));
  if (!stream.flush()) throw std::runtime_error("cannot write " + file.string());
  return file;
}

}  // namespace azf::test
