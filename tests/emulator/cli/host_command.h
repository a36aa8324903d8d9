#pragma once

#include "core/clock.h"
#include "core/log.h"
#include "core/result.h"
#include "emulator/cli/termination.h"
#include "emulator/host/host.h"
#include "emulator/identity/identity_emulator.h"
#include "emulator/variables.h"

#include <filesystem>
#include <string>
#include <vector>

namespace azf::emulator {

/// What `emulator host` was asked for.
struct HostCommand {
  std::filesystem::path app_root = ".";
  int port = 7071;
  std::vector<std::string> functions;
  HostMode mode = HostMode::kLocal;
  bool require_keys = false;
  IdentityKind identity = IdentityKind::kAppService;
  LogFormat log_format = LogFormat::kText;
  bool verbose = false;
  /// Written whenever the handler begins to serve; empty for none.
  std::filesystem::path ready_file;
  /// Empty takes a temporary one.
  std::filesystem::path state_folder;
  /// Whether stand-ins of Azure services are served, and the handler is told of them.
  bool services = true;
  /// Where blobs are, in place of the stand-in; empty for the stand-in.
  std::string blob_endpoint;
};

/// Runs a function app until `termination`; true when that was a signal. The error says why it could not start.
Result<bool> run_host(const HostCommand& command, const Variables& environment, Termination& termination,
                      const Clock& clock);

}  // namespace azf::emulator
