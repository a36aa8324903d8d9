#include "runtime/invocation_id.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <sys/random.h>

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

std::string random_uuid() {
  std::array<unsigned char, 16> bytes{};
  // Up to 256 bytes come whole or, before the generator is seeded, after a wait that a signal may interrupt.
  while (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    if (errno != EINTR) throw std::logic_error("the operating system has no random numbers");
  }
  bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0fU) | 0x40U);
  bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3fU) | 0x80U);
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
    text.push_back(kHex[bytes[i] >> 4U]);
    text.push_back(kHex[bytes[i] & 15U]);
  }
  return text;
}

}  // namespace azf
