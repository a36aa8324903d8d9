#include "emulator/host/route_table.h"

#include <algorithm>
#include <utility>

namespace azf::emulator {

std::string full_route(const FunctionApp& app, const FunctionDefinition& function) {
  const std::string& prefix = app.settings.route_prefix;
  const std::string route = function.route();
  return "/" + prefix + (prefix.empty() || route.empty() ? "" : "/") + route;
}

RouteTable::RouteTable(const FunctionApp& app) {
  for (const auto& function : app.functions) {
    if (!function.trigger().is("httpTrigger")) continue;
    auto route = RouteTemplate::parse(full_route(app, function).substr(1));
    // The app was loaded with templates that parse; only a bad prefix is left, which then matches nothing, as at the
    // host.
    if (route) routes_.push_back({function, std::move(*route), function.methods()});
  }
}

std::optional<RouteTable::Match> RouteTable::match(std::string_view method, std::string_view path) const {
  for (const auto& [function, route, methods] : routes_) {
    if (!methods.empty() && std::find(methods.begin(), methods.end(), method) == methods.end()) continue;
    if (auto values = route.match(path)) return Match{function, std::move(*values)};
  }
  return std::nullopt;
}

}  // namespace azf::emulator
