#include "emulator/identity/json_web_token.h"

#include "emulator/wire/coding.h"

#include <utility>

namespace azf::emulator {

std::optional<JsonWebToken> parse_json_web_token(std::string_view text) {
  const auto first = text.find('.');
  const auto last = text.rfind('.');
  if (first == std::string_view::npos || text.find('.', first + 1) != last || first == last) return std::nullopt;
  const auto header = parse_base64url(text.substr(0, first));
  const auto claims = parse_base64url(text.substr(first + 1, last - first - 1));
  auto signature = parse_base64url(text.substr(last + 1));
  if (!header || !claims || !signature) return std::nullopt;
  auto header_json = parse_json(*header);
  auto claims_json = parse_json(*claims);
  if (!header_json || !claims_json || !header_json->is_object() || !claims_json->is_object()) return std::nullopt;
  return JsonWebToken{std::move(*header_json), std::move(*claims_json), std::string(text.substr(0, last)),
                      std::move(*signature)};
}

std::string text_claim(const Json& claims, std::string_view name) {
  const Json* claim = find_member(claims, name);
  return claim != nullptr && claim->is_string() ? claim->get<std::string>() : "";
}

}  // namespace azf::emulator
