#pragma once

#include "core/result.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azf::emulator {

/// Values of route parameters in template order; an optional parameter without a value has none.
using RouteValues = std::vector<std::pair<std::string, std::optional<std::string>>>;

/// A route template as ASP.NET Core reads it: literals, `{name}`, `{name?}`, `{name=default}`, a catch-all `{*name}` at
/// the end, inline constraints (`{id:int:min(1)}`), and several of these within one segment. Letter case of literals
/// is ignored (ASP.NET Core documentation, "Routing in ASP.NET Core", route templates and constraints). Value.
class RouteTemplate {
 public:
  /// `text` without a slash at its ends. `kInvalidArgument` saying what is wrong.
  static Result<RouteTemplate> parse(std::string_view text);

  /// `path` is decoded and begins with a slash; one slash at its end is ignored.
  [[nodiscard]] std::optional<RouteValues> match(std::string_view path) const;

 private:
  struct Constraint {
    std::string name;
    std::string argument;
  };
  // A literal (when `parameter` is empty), or a parameter.
  struct Part {
    std::string literal;
    std::string parameter;
    bool optional = false;
    bool catch_all = false;
    std::optional<std::string> fallback;
    std::vector<Constraint> constraints;
  };
  using Segment = std::vector<Part>;

  static Result<Part> parse_parameter(std::string_view text);
  static Result<Segment> parse_segment(std::string_view text);
  static bool satisfies(const Constraint& constraint, const std::string& value);
  static bool match_parts(const Segment& segment, std::size_t index, std::string_view text, RouteValues& values);

  std::vector<Segment> segments_;
};

}  // namespace azf::emulator
