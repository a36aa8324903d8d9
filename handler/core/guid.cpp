#include "core/guid.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <sys/random.h>
#include <utility>

namespace azf {

namespace {

using Bytes = std::array<std::uint8_t, 16>;

// A call to the kernel costs more than all else about an invocation id, so each thread fetches bytes for sixteen at
// once. Bytes that were given out are not kept.
Bytes random_bytes() {
  constexpr std::size_t kFetched = 16;
  thread_local std::array<Bytes, kFetched> fetched;
  thread_local std::size_t left = 0;
  if (left == 0) {
    // Up to 256 bytes come whole or, before the generator is seeded, after a wait that a signal may interrupt.
    while (::getrandom(fetched.data(), sizeof fetched, 0) != static_cast<ssize_t>(sizeof fetched)) {
      if (errno != EINTR) throw std::logic_error("the operating system has no random numbers");
    }
    left = kFetched;
  }
  return std::exchange(fetched[--left], Bytes{});
}

}  // namespace

std::string random_guid() { return guid_from(random_bytes()); }

std::string guid_from(std::array<std::uint8_t, 16> bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0f) | 0x40);
  bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3f) | 0x80);
  std::string text(36, '-');
  std::size_t at = 0;
  for (const std::uint8_t byte : bytes) {
    if (at == 8 || at == 13 || at == 18 || at == 23) ++at;
    text[at++] = kDigits[byte >> 4];
    text[at++] = kDigits[byte & 0x0f];
  }
  return text;
}

bool is_guid(std::string_view text) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::ranges::equal(text, kShape, [](char c, char place) {
    const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    return place == '-' ? c == '-' : digit;
  });
}

}  // namespace azf
