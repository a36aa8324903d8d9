#include "server/scheduling.h"

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <sched.h>
#include <string>
#include <string_view>
#include <unistd.h>

namespace azf {

// std::thread::hardware_concurrency counts those of the machine.
std::size_t usable_processors() {
  cpu_set_t set;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return 1;
  return std::max<std::size_t>(1, static_cast<std::size_t>(CPU_COUNT(&set)));
}

bool is_runnable(pid_t thread) {
  const std::string path = "/proc/self/task/" + std::to_string(thread) + "/stat";
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  std::array<char, 128> bytes;
  const ssize_t count = ::read(file, bytes.data(), bytes.size());
  ::close(file);
  const std::string_view text(bytes.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
  // `pid (name) R ...`; the name may hold anything.
  return text.substr(std::min(text.rfind(')'), text.size())).starts_with(") R");
}

}  // namespace azf
