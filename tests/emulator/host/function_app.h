#pragma once

#include "core/json.h"
#include "core/result.h"
#include "emulator/variables.h"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::emulator {

/// What host.json says, with the host's defaults (azure-functions-host, `HttpWorkerOptionsSetup.cs`,
/// `ScriptJobHostOptionsSetup.cs`). Value.
struct HostSettings {
  /// Put before every route, without slashes at its ends; empty for none.
  std::string route_prefix = "api";
  /// `customHandler.description.defaultExecutablePath`, variables expanded.
  std::string executable;
  std::vector<std::string> arguments;
  /// Put behind the arguments, in double quotes; empty for none.
  std::string worker_path;
  std::vector<std::string> worker_arguments;
  /// Relative to the app root; empty is the app root.
  std::string working_directory;
  /// Only for finding a relative executable; empty is the app root.
  std::string worker_directory;
  bool stderr_is_for_errors_only = true;
  bool forwards_http = false;
  /// Takes the place of forwarding, where both are set.
  bool proxies_http = false;
  std::chrono::seconds initialization_timeout{30};
  /// How long one invocation may take; nothing is unbounded. The default is that of every plan but Consumption.
  std::optional<std::chrono::seconds> function_timeout = std::chrono::minutes(30);
  /// When not empty, only these functions are loaded.
  std::vector<std::string> functions;
};

enum class Direction { kIn, kOut };

/// One binding of a function.json. `properties` is the whole object, with `%SETTING%` in its texts replaced.
struct Binding {
  std::string name;
  std::string type;
  Direction direction = Direction::kIn;
  Json properties;

  [[nodiscard]] bool is(std::string_view type_name) const;
  [[nodiscard]] bool is_trigger() const;
  /// `dataType` is `binary`.
  [[nodiscard]] bool is_binary() const;
  /// A text property; empty when absent.
  [[nodiscard]] std::string text(std::string_view property) const;
};

/// Who may call an HTTP function.
enum class AuthLevel { kAnonymous, kFunction, kAdmin };

/// A function as its folder describes it. Has exactly one trigger. Value.
struct FunctionDefinition {
  std::string name;
  std::vector<Binding> bindings;
  Json configuration;
  bool disabled = false;

  [[nodiscard]] const Binding& trigger() const;
  [[nodiscard]] const Binding* find_output(std::string_view type) const;
  /// Exactly one input, an httpTrigger, and exactly one output, an http: what the host forwards when forwarding is on.
  [[nodiscard]] bool is_http_in_and_out() const;
  /// Of an httpTrigger: its route without prefix, the function's name when it has none.
  [[nodiscard]] std::string route() const;
  /// Of an httpTrigger: upper case; empty means all.
  [[nodiscard]] std::vector<std::string> methods() const;
  [[nodiscard]] AuthLevel auth_level() const;
};

/// A folder as `func start` would run it.
struct FunctionApp {
  std::filesystem::path root;
  HostSettings settings;
  /// Ordered by name, letter case ignored.
  std::vector<FunctionDefinition> functions;
  /// Functions that were skipped, and why.
  std::vector<std::string> problems;

  [[nodiscard]] const FunctionDefinition* find(std::string_view name) const;
};

/// Reads host.json and every `<name>/function.json` of a folder. A non-empty `only` names the functions to load, in
/// place of `functions` in host.json. `variables` fill `%SETTING%`. A bad function is skipped and reported; a bad
/// host.json fails with `kInvalidArgument`, an unreadable one with `kNotFound`.
Result<FunctionApp> load_function_app(const std::filesystem::path& root, const std::vector<std::string>& only,
                                      const Variables& variables);

/// `Values` of a local.settings.json in the folder, as `func start` makes them variables; empty when there is none.
Result<Variables> load_local_settings(const std::filesystem::path& root);

/// Replaces every `%NAME%` that is a variable; others stay.
std::string expand_variables(std::string_view text, const Variables& variables);

}  // namespace azf::emulator
