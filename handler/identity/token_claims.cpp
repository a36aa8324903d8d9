#include "identity/token_claims.h"

#include "core/json.h"
#include "identity/text.h"

#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace azf::identity {
namespace {

// The value of a digit of RFC 4648 section 5, or -1.
int base64url_value(char digit) {
  if (digit >= 'A' && digit <= 'Z') return digit - 'A';
  if (digit >= 'a' && digit <= 'z') return digit - 'a' + 26;
  if (digit >= '0' && digit <= '9') return digit - '0' + 52;
  if (digit == '-') return 62;
  if (digit == '_') return 63;
  return -1;
}

// Strict: no padding, no other characters, no stray bits in the last digit.
std::optional<std::string> decode_base64url(std::string_view text) {
  if (text.size() % 4 == 1) return std::nullopt;
  std::string bytes;
  bytes.reserve(text.size() * 3 / 4);
  std::uint32_t pending = 0;
  unsigned pending_bits = 0;
  for (const char digit : text) {
    const int value = base64url_value(digit);
    if (value < 0) return std::nullopt;
    pending = (pending << 6) | static_cast<std::uint32_t>(value);
    pending_bits += 6;
    if (pending_bits < 8) continue;
    pending_bits -= 8;
    bytes.push_back(static_cast<char>((pending >> pending_bits) & 0xff));
    pending &= (1U << pending_bits) - 1;
  }
  if (pending != 0) return std::nullopt;
  return bytes;
}

// The middle one of exactly three parts.
std::optional<std::string_view> payload_part(std::string_view token) {
  const auto first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const auto second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return token.substr(first + 1, second - first - 1);
}

std::optional<std::string> first_string(const Json& payload, std::initializer_list<std::string_view> names) {
  constexpr std::size_t kLimit = 512;
  for (const std::string_view name : names) {
    const Json* member = find_member(payload, name);
    if (member != nullptr && member->is_string()) return printable(member->get_ref<const std::string&>(), kLimit);
  }
  return std::nullopt;
}

}  // namespace

TokenClaims read_token_claims(std::string_view token) {
  const auto part = payload_part(token);
  const auto text = part ? decode_base64url(*part) : std::nullopt;
  if (!text) return {};
  const auto payload = parse_json(*text);
  if (!payload) return {};
  return {first_string(*payload, {"tid"}), first_string(*payload, {"oid", "sub"}),
          first_string(*payload, {"appid", "azp"}), first_string(*payload, {"aud"})};
}

}  // namespace azf::identity
