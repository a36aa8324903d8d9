#include "core/base64.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace azf {
namespace {

constexpr std::string_view kStandard = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kUrlSafe = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

constexpr std::uint8_t kOther = 0xff;

using Values = std::array<std::uint8_t, 256>;

constexpr Values values_of(std::string_view alphabet) {
  Values values{};
  values.fill(kOther);
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return values;
}

constexpr Values kStandardValues = values_of(kStandard);
constexpr Values kUrlSafeValues = values_of(kUrlSafe);

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
    const auto value = kStandardValues[static_cast<unsigned char>(c)];
    if (value == kOther || padding > 0) return false;
    ++digits;
    take(value);
  }
  return padding <= 2 && (digits + padding) % 4 == 0;
}

// Gathers six bits at a time into bytes.
class ByteCollector {
 public:
  explicit ByteCollector(std::size_t expected) { bytes_.reserve(expected); }

  void take(std::uint8_t value) {
    pending_ = pending_ << 6U | value;
    count_ += 6;
    if (count_ < 8) return;
    count_ -= 8;
    bytes_.push_back(static_cast<char>(pending_ >> count_ & 0xffU));
    pending_ &= (1U << count_) - 1U;
  }
  [[nodiscard]] bool has_stray_bits() const { return pending_ != 0; }
  std::string release() { return std::move(bytes_); }

 private:
  std::string bytes_;
  std::uint32_t pending_ = 0;
  unsigned count_ = 0;
};

// `padding` fills the last four digits; 0 for none.
std::string encode(std::string_view bytes, std::string_view alphabet, char padding) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  const auto pad = [&] {
    if (padding != 0) text.push_back(padding);
  };
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t offset) -> std::uint32_t {
      return i + offset < bytes.size() ? static_cast<unsigned char>(bytes[i + offset]) : 0U;
    };
    const std::uint32_t bits = byte(0) << 16U | byte(1) << 8U | byte(2);
    text.push_back(alphabet[bits >> 18U]);
    text.push_back(alphabet[bits >> 12U & 63U]);
    i + 1 < bytes.size() ? text.push_back(alphabet[bits >> 6U & 63U]) : pad();
    i + 2 < bytes.size() ? text.push_back(alphabet[bits & 63U]) : pad();
  }
  return text;
}

}  // namespace

std::string to_base64(std::string_view bytes) { return encode(bytes, kStandard, '='); }

std::optional<std::string> from_base64(std::string_view text) {
  ByteCollector collector(text.size() / 4 * 3);
  if (!decode(text, [&](std::uint8_t value) { collector.take(value); })) return std::nullopt;
  return collector.release();
}

bool is_base64(std::string_view text) {
  return decode(text, [](std::uint8_t) {});
}

std::string to_base64url(std::string_view bytes) { return encode(bytes, kUrlSafe, 0); }

std::optional<std::string> from_base64url(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  ByteCollector collector(text.size() * 3 / 4);
  for (const char digit : text) {
    const auto value = kUrlSafeValues[static_cast<unsigned char>(digit)];
    if (value == kOther) return std::nullopt;
    collector.take(value);
  }
  if (collector.has_stray_bits()) return std::nullopt;
  return collector.release();
}

}  // namespace azf
