#include "identity/arc_key.h"

#include "identity/descriptor.h"
#include "identity/text.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace azf::identity {
namespace {

constexpr std::size_t kLimitBytes = 4096;

// For messages: the path comes from the other side.
std::string key_file(std::string_view path) {
  constexpr std::size_t kShown = 200;
  return "the key file " + printable(path, kShown);
}

Error not_allowed(std::string_view path, std::string_view why) {
  return {ErrorKind::kInvalidArgument, key_file(path) + " is refused: " + std::string(why)};
}

Error unreadable(std::string_view path) {
  return {ErrorKind::kNotFound, key_file(path) + " cannot be read: " + std::system_category().message(errno)};
}

// Empty if the file may be read.
std::string_view problem_of(const struct stat& status) {
  if (!S_ISREG(status.st_mode)) return "it is no regular file";
  if (static_cast<std::size_t>(status.st_size) > kLimitBytes) return "it is larger than 4096 bytes";
  return {};
}

}  // namespace

Result<std::string> parse_arc_challenge(const Headers& headers) {
  constexpr std::string_view kStart = "Basic realm=";
  for (const std::string_view value : headers.all("WWW-Authenticate")) {
    if (!equal_ignoring_case(value.substr(0, kStart.size()), kStart)) continue;
    const std::string_view path = value.substr(kStart.size());
    if (path.empty() || path.find('=') != std::string_view::npos) break;
    return std::string(path);
  }
  return Error{ErrorKind::kUnexpectedResponse,
               "the 401 has no field WWW-Authenticate: Basic realm=<path of the key file>"};
}

Result<Secret> load_arc_key(std::string_view directory, std::string_view path) {
  while (directory.size() > 1 && directory.ends_with('/')) directory.remove_suffix(1);
  // The text is compared, not what it leads to: a path with `..`, `//` or a link in it is not the agent's.
  if (!path.starts_with(directory) || !path.substr(directory.size()).starts_with('/')) {
    return not_allowed(path, "it is not in " + std::string(directory));
  }
  const std::string name(path.substr(directory.size() + 1));
  if (name.find('/') != std::string::npos) return not_allowed(path, "it is not directly in " + std::string(directory));
  if (!name.ends_with(".key")) return not_allowed(path, "its name does not end in .key");
  if (!is_field_value(name)) return not_allowed(path, "its name has a control character");

  const Descriptor folder(::open(std::string(directory).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!folder.open()) return unreadable(path);
  struct stat status {};
  if (::fstatat(folder.number(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) return unreadable(path);
  if (const auto problem = problem_of(status); !problem.empty()) return not_allowed(path, problem);

  const Descriptor file(
      ::openat(folder.number(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
  if (!file.open()) return unreadable(path);
  // Once more: it may have been replaced since.
  if (::fstat(file.number(), &status) != 0) return unreadable(path);
  if (const auto problem = problem_of(status); !problem.empty()) return not_allowed(path, problem);

  std::array<char, kLimitBytes + 1> bytes{};
  std::size_t size = 0;
  while (size < bytes.size()) {
    const auto count = ::read(file.number(), bytes.data() + size, bytes.size() - size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return unreadable(path);
    if (count == 0) break;
    size += static_cast<std::size_t>(count);
  }
  const bool fits = size <= kLimitBytes;
  const std::string_view content(bytes.data(), fits ? size : 0);
  const bool sendable = !content.empty() && is_field_value(content);
  Secret key(content);
  ::explicit_bzero(bytes.data(), bytes.size());
  if (!fits) return not_allowed(path, "it is larger than 4096 bytes");
  if (!sendable) return not_allowed(path, "it is empty, or holds what no header field can carry");
  return key;
}

}  // namespace azf::identity
