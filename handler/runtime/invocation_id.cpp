#include "runtime/invocation_id.h"

#include <algorithm>

namespace azf {

std::optional<std::string_view> invocation_id(const Headers& headers) {
  constexpr std::size_t kLongest = 64;
  std::optional<std::string_view> last;
  for (const auto& [name, value] : headers) {
    if (equal_ignoring_case(name, kInvocationIdHeader)) last = value;
  }
  if (!last) return std::nullopt;
  auto id = last->substr(last->rfind(',') + 1);  // npos + 1 is 0: the whole value
  while (id.starts_with(' ') || id.starts_with('\t')) id.remove_prefix(1);
  while (id.ends_with(' ') || id.ends_with('\t')) id.remove_suffix(1);
  const auto allowed = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
  };
  if (id.empty() || id.size() > kLongest || !std::ranges::all_of(id, allowed)) return std::nullopt;
  return id;
}

}  // namespace azf
