#pragma once

#include "http/message.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azf {

/// One challenge of a `WWW-Authenticate` field (RFC 9110 section 11.6.1). Value.
struct Challenge {
  std::string scheme;  ///< as it was sent; compare without regard to letter case
  /// Names as they were sent, values without their quotes. Microsoft's services also send values without quotes that
  /// would need them, such as URLs and paths; these are accepted.
  std::vector<std::pair<std::string, std::string>> parameters;
  std::string token68;  ///< instead of parameters: `Negotiate abc==`

  /// The first value of that name, in any letter case. Valid as long as this challenge.
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;

  friend bool operator==(const Challenge&, const Challenge&) = default;
};

/// All challenges of all fields of that name, in order. Foreign text: what cannot be read is skipped up to the next
/// comma, and what is longer than 16 KiB is not looked at.
std::vector<Challenge> parse_challenges(const Headers& headers);
std::vector<Challenge> parse_challenges(std::string_view field_value);

}  // namespace azf
