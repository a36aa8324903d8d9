#include "identity/token_claims.h"

#include "core/base64.h"
#include "core/json.h"
#include "identity/text.h"

#include <cstddef>
#include <initializer_list>

namespace azf::identity {
namespace {

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
  const auto text = part ? from_base64url(*part) : std::nullopt;
  if (!text) return {};
  const auto payload = parse_json(*text);
  if (!payload) return {};
  return {first_string(*payload, {"tid"}), first_string(*payload, {"oid", "sub"}),
          first_string(*payload, {"appid", "azp"}), first_string(*payload, {"aud"})};
}

}  // namespace azf::identity
