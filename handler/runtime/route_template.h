#pragma once

#include "core/result.h"
#include "runtime/route_constraint.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azf {

/// The parameters of a route that a request gave, decoded; names are compared without regard to letter case. Value.
class RouteValues {
 public:
  using Entry = std::pair<std::string, std::string>;

  RouteValues() = default;
  RouteValues(std::initializer_list<Entry> entries) : entries_(entries) {}

  /// Nothing for an optional parameter that the request left out. Valid until the values change.
  [[nodiscard]] std::optional<std::string_view> get(std::string_view name) const;
  void add(std::string name, std::string value);

  [[nodiscard]] auto begin() const { return entries_.begin(); }
  [[nodiscard]] auto end() const { return entries_.end(); }

  friend bool operator==(const RouteValues&, const RouteValues&) = default;

 private:
  std::vector<Entry> entries_;
};

/// A route as function.json has it, in the ASP.NET Core syntax that the host uses (Microsoft Learn, "Routing in
/// ASP.NET Core", route templates): literals, `{name}`, `{name?}`, `{name=default}`, `{*rest}`, and constraints such as
/// `{id:int:min(1)}`; braces in literals and patterns are doubled. A segment is either a literal or one parameter:
/// mixtures such as `{name}.{ext}` are refused. Value; matching is safe from several threads.
class RouteTemplate {
 public:
  /// Fails with `kInvalidArgument` and a message that says what and where. The empty text matches the empty path.
  static Result<RouteTemplate> parse(std::string_view text);

  /// `path` is empty or begins with `/`, as it stands on the wire, without the route prefix. As in ASP.NET Core, one
  /// `/` at the end does not count, an empty segment never matches, and literals are compared without regard to
  /// (ASCII) letter case. Each segment is decoded for itself, so an encoded slash does not split; a catch-all takes
  /// the rest of the path with its slashes.
  [[nodiscard]] std::optional<RouteValues> match(std::string_view path) const;

  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  struct Segment {
    std::string literal;  ///< empty for a parameter
    std::string name;     ///< empty for a literal
    bool optional = false;
    bool catch_all = false;
    std::optional<std::string> default_value;
    std::vector<RouteConstraint> constraints;
  };
  class Parser;

  /// Adds the value, or the default in place of none; false if the parameter does not take it.
  static bool capture(const Segment& segment, std::optional<std::string> value, RouteValues& values);

  std::string text_;
  std::vector<Segment> segments_;
};

/// If `text` is an element of `path` from its beginning (`/api` of `/api/x`, or of `/api`), what follows it; nothing
/// otherwise. `text` has no slash at either end; empty matches everything. Both are compared decoded and without
/// regard to letter case.
std::optional<std::string_view> strip_prefix(std::string_view path, std::string_view prefix);

}  // namespace azf
