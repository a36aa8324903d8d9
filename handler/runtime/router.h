#pragma once

#include "core/result.h"
#include "http/message.h"
#include "runtime/function.h"
#include "runtime/route_template.h"

#include <span>
#include <string_view>
#include <vector>

namespace azf {

/// What a request met. Value; valid as long as the router.
struct RouteMatch {
  /// The function that serves it; null if none does.
  const Function* function = nullptr;
  RouteValues values;
  /// If `function` is null: the methods that functions with a matching route take, without repeats. Empty means that
  /// no route matched.
  std::vector<Method> allowed_methods;
};

/// The functions of the app, and which of them serves a request: as at the host, the first whose route and methods
/// match, in the order of their names. There is no ranking by specificity, so a catch-all belongs to a function with
/// a late name ("Azure/azure-functions-host", WebScriptHostHttpRoutesManager.cs, FunctionMetadataNameComparer.cs).
/// Immutable; safe from several threads.
class Router {
 public:
  /// Takes the functions, sorted by name. Fails with `kInvalidArgument` on what the host would refuse: wrong names or
  /// bindings, two functions of one name, an unreadable route, one that begins with `admin` or `runtime`, the same
  /// route twice with a method in common; and on a handler that the host would never call in that way.
  static Result<Router> create(std::vector<Function> functions);

  Router(Router&&) noexcept = default;
  Router& operator=(Router&&) noexcept = default;
  Router(const Router&) = delete;
  Router& operator=(const Router&) = delete;

  /// The function with an `HttpHandler` that serves the request. `path` is empty or begins with `/`, as it stands on
  /// the wire, without query and route prefix.
  [[nodiscard]] RouteMatch match(Method method, std::string_view path) const;

  /// The function of that exact name, or null.
  [[nodiscard]] const Function* find(std::string_view name) const;

  /// Sorted by name.
  [[nodiscard]] std::span<const Function> functions() const { return functions_; }

 private:
  struct Route {
    RouteTemplate route;
    std::vector<Method> methods;  ///< empty is all
    std::size_t function;         ///< index

    [[nodiscard]] bool takes(Method method) const;
    [[nodiscard]] bool conflicts_with(const Route& other) const;
  };

  Router() = default;
  Result<Success> add_route(std::size_t function, const HttpTrigger& trigger);

  std::vector<Function> functions_;
  /// In the order of `functions_`.
  std::vector<Route> routes_;
};

}  // namespace azf
