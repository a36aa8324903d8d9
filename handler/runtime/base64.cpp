#include "runtime/base64.h"

#include <array>
#include <cstdint>

namespace azf {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::uint8_t kOther = 0xff;

constexpr auto kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kOther);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}();

bool is_white_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Calls `take(value)` for each six bits; returns whether the text is Base64 as a whole.
template <typename Take>
bool decode(std::string_view text, Take take) {
  std::size_t digits = 0;
  std::size_t padding = 0;
  for (const char c : text) {
    if (is_white_space(c)) continue;
    if (c == '=') {
      ++padding;
      continue;
    }
    const auto value = kValues[static_cast<unsigned char>(c)];
    if (value == kOther || padding > 0) return false;
    ++digits;
    take(value);
  }
  return padding <= 2 && (digits + padding) % 4 == 0;
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t offset) -> std::uint32_t {
      return i + offset < bytes.size() ? static_cast<unsigned char>(bytes[i + offset]) : 0U;
    };
    const std::uint32_t bits = byte(0) << 16U | byte(1) << 8U | byte(2);
    text.push_back(kAlphabet[bits >> 18U]);
    text.push_back(kAlphabet[bits >> 12U & 63U]);
    text.push_back(i + 1 < bytes.size() ? kAlphabet[bits >> 6U & 63U] : '=');
    text.push_back(i + 2 < bytes.size() ? kAlphabet[bits & 63U] : '=');
  }
  return text;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size() / 4 * 3);
  std::uint32_t bits = 0;
  unsigned count = 0;
  const bool valid = decode(text, [&](std::uint8_t value) {
    bits = bits << 6U | value;
    count += 6;
    if (count < 8) return;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count & 0xffU));
  });
  if (!valid) return std::nullopt;
  return bytes;
}

bool is_base64(std::string_view text) {
  return decode(text, [](std::uint8_t) {});
}

}  // namespace azf
