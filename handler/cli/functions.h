#pragma once

#include "cli/command_line.h"
#include "runtime/host_configuration.h"
#include "runtime/router.h"

namespace azf::cli {

/// Lists the functions, or writes their function.json. Returns the exit code.
int list_functions(const FunctionsCommand& command, const Router& router, const HostConfiguration& host);

}  // namespace azf::cli
