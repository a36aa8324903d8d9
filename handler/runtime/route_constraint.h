#pragma once

#include "core/result.h"

#include <functional>
#include <string_view>

namespace azf {

/// Says whether a decoded route value is one that the route takes. Safe to call from several threads.
using RouteConstraint = std::function<bool(std::string_view)>;

/// Longer values never satisfy a `regex` constraint: the standard library's matcher recurses for each character.
inline constexpr std::size_t kRegexValueLimit = 256;

/// An inline constraint of an ASP.NET Core route: `name` as in `int`, `argument` the text between its parentheses,
/// empty if it has none. Known are `int long bool guid datetime decimal double float alpha regex length minlength
/// maxlength min max range required`, read as .NET does in its invariant culture ("Azure/azure-webjobs-sdk-extensions"
/// takes them from Microsoft.AspNetCore.Routing), with these limits: `datetime` wants ISO 8601 or the invariant
/// `M/d/yyyy [h:mm[:ss] [AM|PM]]`; lengths count UTF-16 units, as .NET does; `regex` patterns are ECMAScript, found
/// anywhere unless anchored, without regard to ASCII letter case. Fails with `kInvalidArgument`.
Result<RouteConstraint> parse_route_constraint(std::string_view name, std::string_view argument);

}  // namespace azf
