#include "emulator/state_file.h"

#include "emulator/wire/stream.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace azf::emulator {
namespace {

namespace fs = std::filesystem;

Error cannot(std::string_view what, const fs::path& path) {
  return {ErrorKind::kInvalidArgument,
          "cannot " + std::string(what) + " " + path.string() + ": " + std::generic_category().message(errno)};
}

}  // namespace

Result<Success> write_state_file(const fs::path& file, std::string_view text) {
  std::string pattern = file.string() + ".XXXXXX";
  const FileDescriptor descriptor(::mkostemp(pattern.data(), O_CLOEXEC));
  if (!descriptor.valid()) return cannot("write", file);
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor.get(), text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) break;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (!text.empty() || std::rename(pattern.c_str(), file.c_str()) != 0) {
    const Error error = cannot("write", file);
    ::unlink(pattern.c_str());
    return error;
  }
  return Success{};
}

Result<TemporaryFolder> TemporaryFolder::create() {
  std::error_code status;
  const fs::path parent = fs::temp_directory_path(status);
  std::string pattern = (parent / "azf-emulator-XXXXXX").string();
  if (status || ::mkdtemp(pattern.data()) == nullptr) return cannot("make a folder in", parent);
  return TemporaryFolder(pattern);
}

TemporaryFolder::TemporaryFolder(TemporaryFolder&& other) noexcept : path_(std::exchange(other.path_, fs::path())) {}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace azf::emulator
