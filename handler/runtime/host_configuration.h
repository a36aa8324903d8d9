#pragma once

#include "core/environment.h"
#include "core/json.h"
#include "core/log.h"

#include <chrono>
#include <initializer_list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace azf {

/// What the handler must know of the host's settings. Value.
struct HostSettings {
  /// Put before every route, without slashes at its ends; empty for none.
  std::string route_prefix = "api";
  /// How long an invocation may take; nothing for as long as it likes. Only where the app runs on a Consumption plan
  /// is it 5 minutes.
  std::optional<std::chrono::nanoseconds> function_timeout = std::chrono::minutes(30);

  friend bool operator==(const HostSettings&, const HostSettings&) = default;
};

/// The host's settings, as the host itself reads them: app settings that override host.json
/// (`AzureFunctionsJobHost__extensions__http__routePrefix`, `AzureFunctionsJobHost__functionTimeout`, spelled like
/// this; an empty one counts as not set), else host.json in FUNCTIONS_APP_ROOT_PATH or, without that, in the current
/// directory, else the defaults. Reads at the first use, not when it is made, because the start must not wait for a
/// file. A file or value that cannot be read is logged once and the default used. Safe from several threads.
class HostConfiguration {
 public:
  /// Both must outlive this object.
  HostConfiguration(const Environment& environment, const Logger& log);

  /// Valid as long as this object.
  [[nodiscard]] const HostSettings& settings() const;

 private:
  const Environment& environment_;
  const Logger& log_;

  mutable std::once_flag once_;
  mutable HostSettings settings_;  ///< written under `once_`, constant from then on
};

/// What stands in host.json or local.settings.json at the end of that path of names, which are compared without regard
/// to letter case, as in all .NET configuration. Null where nothing does.
const Json* find_setting(const Json& root, std::initializer_list<std::string_view> path);

/// .NET's TimeSpan text: `[d.]hh:mm[:ss]`, or whole days. Nothing if it is malformed or zero.
std::optional<std::chrono::nanoseconds> parse_time_span(std::string_view text);

}  // namespace azf
