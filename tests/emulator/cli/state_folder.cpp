#include "emulator/cli/state_folder.h"

#include <system_error>

namespace azf::emulator {

Result<StateFolder> StateFolder::open(const std::filesystem::path& wanted) {
  if (wanted.empty()) {
    auto temporary = TemporaryFolder::create();
    if (!temporary) return std::move(temporary).error();
    const auto path = temporary->path();
    return StateFolder(path, std::move(*temporary));
  }
  std::error_code status;
  std::filesystem::create_directories(wanted, status);
  const auto path = std::filesystem::canonical(wanted, status);
  if (status) return Error{ErrorKind::kInvalidArgument, "cannot use the folder " + wanted.string()};
  return StateFolder(path, std::nullopt);
}

}  // namespace azf::emulator
