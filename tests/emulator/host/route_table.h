#pragma once

#include "emulator/host/function_app.h"
#include "emulator/host/route_template.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::emulator {

/// The HTTP functions of an app in the order in which the host tries them: by name, first match wins, and a method
/// that a function does not list makes its route not match (azure-webjobs-sdk-extensions, `WebJobsRouter.cs`).
/// Immutable.
class RouteTable {
 public:
  struct Match {
    const FunctionDefinition& function;
    RouteValues values;
  };

  /// `app` outlives the table.
  explicit RouteTable(const FunctionApp& app);

  /// `path` is decoded.
  [[nodiscard]] std::optional<Match> match(std::string_view method, std::string_view path) const;

 private:
  struct Route {
    const FunctionDefinition& function;
    RouteTemplate route;
    std::vector<std::string> methods;
  };

  std::vector<Route> routes_;
};

/// The template of an HTTP function as callers see it, prefix included: `/api/greet/{name?}`.
std::string full_route(const FunctionApp& app, const FunctionDefinition& function);

}  // namespace azf::emulator
