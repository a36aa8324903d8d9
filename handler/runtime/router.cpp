#include "runtime/router.h"

#include <algorithm>

namespace azf {
namespace {

// As .NET's StringComparison.OrdinalIgnoreCase, which compares upper-case letters: `_` comes behind all of them.
bool before(std::string_view a, std::string_view b) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : static_cast<int>(c); };
  return std::ranges::lexicographical_compare(a, b, {}, upper, upper);
}

std::string_view name_of(const Function& function) { return function.metadata.name; }

bool begins_with(std::string_view text, std::string_view start) {
  return equal_ignoring_case(text.substr(0, start.size()), start);
}

Error invalid(const Function& function, const std::string& what) {
  return {ErrorKind::kInvalidArgument, "function \"" + function.metadata.name + "\" " + what};
}

Result<Success> validate(const Function& function) {
  auto valid = validate(function.metadata);
  if (!valid) return valid;
  const auto callable = [](const auto& handler) { return static_cast<bool>(handler); };
  if (!std::visit(callable, function.handler)) return invalid(function, "has no handler");
  const bool forwarded = is_http_in_and_out(function.metadata);
  if (forwarded != std::holds_alternative<HttpHandler>(function.handler)) {
    return invalid(function, forwarded ? "needs an HttpHandler: the host forwards its requests"
                                       : "needs a TriggerHandler: the host sends it JSON envelopes");
  }
  return Success{};
}

}  // namespace

Result<Router> Router::create(std::vector<Function> functions) {
  Router router;
  router.functions_ = std::move(functions);
  std::ranges::sort(router.functions_, before, name_of);
  for (std::size_t i = 0; i < router.functions_.size(); ++i) {
    const auto& function = router.functions_[i];
    auto valid = validate(function);
    if (!valid) return std::move(valid).error();
    if (i > 0 && equal_ignoring_case(name_of(router.functions_[i - 1]), name_of(function))) {
      return invalid(function, "has the name of another one");
    }
    if (const auto* trigger = http_trigger(function.metadata)) {
      auto added = router.add_route(i, *trigger);
      if (!added) return std::move(added).error();
    }
  }
  return router;
}

Result<Success> Router::add_route(std::size_t index, const HttpTrigger& trigger) {
  const auto& function = functions_[index];
  const std::string& text = trigger.route.empty() ? function.metadata.name : trigger.route;
  if (begins_with(text, "admin") || begins_with(text, "runtime")) {
    return invalid(function, "has a route that begins with admin or runtime, which the host keeps for itself");
  }
  auto route = RouteTemplate::parse(text);
  if (!route) return with_context(std::move(route).error(), "function \"" + function.metadata.name + "\"");
  Route added{.route = std::move(*route), .methods = trigger.methods, .function = index};
  for (const auto& other : routes_) {
    if (added.conflicts_with(other)) {
      return invalid(function, "has the route and a method of function \"" + functions_[other.function].metadata.name +
                                   "\": " + text);
    }
  }
  routes_.push_back(std::move(added));
  return Success{};
}

RouteMatch Router::match(Method method, std::string_view path) const {
  RouteMatch result;
  for (const auto& route : routes_) {
    const auto& function = functions_[route.function];
    if (!std::holds_alternative<HttpHandler>(function.handler)) continue;
    auto values = route.route.match(path);
    if (!values) continue;
    if (route.takes(method)) return {.function = &function, .values = std::move(*values), .allowed_methods = {}};
    for (const auto allowed : route.methods) {
      if (std::ranges::find(result.allowed_methods, allowed) == result.allowed_methods.end()) {
        result.allowed_methods.push_back(allowed);
      }
    }
  }
  return result;
}

const Function* Router::find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(functions_, name, before, name_of);
  return found != functions_.end() && name_of(*found) == name ? &*found : nullptr;
}

bool Router::Route::takes(Method method) const {
  return methods.empty() || std::ranges::find(methods, method) != methods.end();
}

// The host compares texts, too: `a/{x}` and `a/{y}` do not conflict, and the first in order takes all requests.
bool Router::Route::conflicts_with(const Route& other) const {
  if (!equal_ignoring_case(route.text(), other.route.text())) return false;
  if (methods.empty() || other.methods.empty()) return true;
  return std::ranges::any_of(methods, [&other](Method method) { return other.takes(method); });
}

}  // namespace azf
