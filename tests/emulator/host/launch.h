#pragma once

#include "emulator/host/function_app.h"

#include <string>
#include <string_view>
#include <vector>

namespace azf::emulator {

/// How the handler is started.
struct LaunchCommand {
  /// With a slash: this file. Without: looked up in PATH.
  std::string program;
  /// Without the program's own name.
  std::vector<std::string> arguments;
  std::filesystem::path working_directory;
  Variables environment;
};

/// The command of an app as the host builds it: program found below the worker directory, arguments joined by blanks
/// and split again by Windows rules, `%NAME%` replaced and what is left of it deleted, the five variables set
/// (azure-functions-host, `HttpWorkerDescription.cs`, `DefaultWorkerProcessFactory.cs`, `HttpWorkerProcess.cs`).
LaunchCommand launch_command(const FunctionApp& app, const Variables& host_environment, int port,
                             std::string_view worker_id);

}  // namespace azf::emulator
