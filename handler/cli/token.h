#pragma once

#include "cli/command_line.h"
#include "identity/credential_services.h"

namespace azf::cli {

/// Gets a token and prints what the command asks for. Returns the exit code. The token itself is printed only for
/// `--output token`.
int get_token(const TokenCommand& command, const identity::CredentialServices& services);

}  // namespace azf::cli
