#include "emulator/cli/ready_file.h"

#include "emulator/state_file.h"

#include <system_error>
#include <utility>

namespace azf::emulator {
namespace {

void remove_quietly(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!file.empty()) std::filesystem::remove(file, ignored);
}

}  // namespace

ReadyFile::ReadyFile(std::filesystem::path file) : file_(std::move(file)) { remove_quietly(file_); }
ReadyFile::~ReadyFile() { remove_quietly(file_); }

Result<Success> ReadyFile::write(const Json& record) const {
  if (file_.empty()) return Success{};
  return write_state_file(file_, to_text(record) + "\n");
}

}  // namespace azf::emulator
