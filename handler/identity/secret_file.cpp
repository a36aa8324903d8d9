#include "identity/secret_file.h"

#include <cstddef>
#include <fstream>
#include <string_view>

namespace azf::identity {

Result<Secret> load_secret_file(const std::string& path) {
  constexpr std::size_t kLimit = std::size_t{1} << 20;
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error{ErrorKind::kNotFound, "file " + path + " cannot be opened"};

  // One byte more than is allowed tells a file that is too long without asking for its size first.
  std::string bytes(kLimit + 1, '\0');
  file.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (file.bad()) return Error{ErrorKind::kNotFound, "file " + path + " cannot be read"};
  const auto size = static_cast<std::size_t>(file.gcount());
  if (size > kLimit) return Error{ErrorKind::kInvalidArgument, "file " + path + " is larger than 1 MiB"};
  return Secret(std::string_view(bytes).substr(0, size));
}

}  // namespace azf::identity
