#pragma once

#include "core/clock.h"
#include "core/result.h"
#include "emulator/cli/termination.h"
#include "emulator/identity/identity_emulator.h"

#include <filesystem>

namespace azf::emulator {

/// What `emulator identity` was asked for.
struct IdentityCommand {
  int http_port = 0;
  int https_port = 0;
  IdentityKind kind = IdentityKind::kAppService;
  /// Standard output gets shell lines that set the variables of `kind`, and nothing else.
  bool print_environment = false;
  /// Absolute or relative; empty takes a folder in the state folder.
  std::filesystem::path arc_key_folder;
  int device_code_interval_seconds = 5;
  std::filesystem::path ready_file;
  /// Empty takes a temporary one.
  std::filesystem::path state_folder;
  /// Whether stand-ins of Azure services are served too.
  bool services = false;
};

/// Serves the identity endpoints until `termination`; true when that was a signal. The error says why they could not
/// start.
Result<bool> run_identity(const IdentityCommand& command, Termination& termination, const Clock& clock);

}  // namespace azf::emulator
