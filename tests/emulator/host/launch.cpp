#include "emulator/host/launch.h"

#include <utility>

namespace azf::emulator {
namespace {

namespace fs = std::filesystem;

// The path of `name` below `base`; `base` itself when `name` is empty; `name` when it is absolute.
fs::path below(const fs::path& base, const std::string& name) { return name.empty() ? base : base / name; }

// What stands between two percent signs and is no variable goes away with them.
std::string without_unknown_variables(std::string_view text) {
  std::string rest;
  for (;;) {
    const auto begin = text.find('%');
    const auto end = begin == std::string_view::npos ? begin : text.find('%', begin + 2);
    if (end == std::string_view::npos) return rest.append(text);
    rest.append(text.substr(0, begin));
    text.remove_prefix(end + 1);
  }
}

// Windows rules, which .NET applies on every system: blanks separate outside double quotes; a backslash stands for
// itself except before a quote, where two make one and an odd one makes the quote literal.
std::vector<std::string> split_command_line(std::string_view line) {
  std::vector<std::string> arguments;
  std::string current;
  bool begun = false;
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    std::size_t backslashes = 0;
    while (i < line.size() && line[i] == '\\') {
      ++backslashes;
      ++i;
    }
    const bool before_quote = i < line.size() && line[i] == '"';
    current.append(before_quote ? backslashes / 2 : backslashes, '\\');
    begun = begun || backslashes > 0;
    if (i == line.size()) break;
    if (before_quote && backslashes % 2 == 0) {
      quoted = !quoted;
      begun = true;
    } else if ((line[i] == ' ' || line[i] == '\t') && !quoted) {
      if (begun) arguments.push_back(std::exchange(current, {}));
      begun = false;
    } else {
      current.push_back(line[i]);
      begun = true;
    }
  }
  if (begun) arguments.push_back(std::move(current));
  return arguments;
}

}  // namespace

LaunchCommand launch_command(const FunctionApp& app, const Variables& host_environment, int port,
                             std::string_view worker_id) {
  const HostSettings& settings = app.settings;
  LaunchCommand command;
  const Variables own = {
      {"FUNCTIONS_APP_ROOT_PATH", app.root.string()},
      {"FUNCTIONS_CUSTOMHANDLER_PORT", std::to_string(port)},
      {"FUNCTIONS_CUSTOMHANDLER_WORKER_ID", std::string(worker_id)},
      {"FUNCTIONS_HTTPWORKER_ID", std::string(worker_id)},
      {"FUNCTIONS_HTTPWORKER_PORT", std::to_string(port)},
  };

  const fs::path candidate = below(app.root, settings.worker_directory) / settings.executable;
  std::error_code status;
  command.program = fs::is_regular_file(candidate, status) ? candidate.string() : settings.executable;
  command.working_directory = below(app.root, settings.working_directory);

  std::vector<std::string> words = settings.arguments;
  if (!settings.worker_path.empty()) words.push_back('"' + settings.worker_path + '"');
  words.insert(words.end(), settings.worker_arguments.begin(), settings.worker_arguments.end());
  std::string line;
  for (const auto& word : words) {
    const std::string expanded = expand_variables(expand_variables(word, host_environment), own);
    line.append(line.empty() ? "" : " ").append(without_unknown_variables(expanded));
  }
  command.arguments = split_command_line(line);

  command.environment = host_environment;
  for (const auto& [name, value] : own) command.environment.insert_or_assign(name, value);
  return command;
}

}  // namespace azf::emulator
