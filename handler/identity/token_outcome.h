#pragma once

#include "identity/token_credential.h"
#include "identity/token_reply.h"

#include <string>
#include <string_view>

namespace azf::identity {

// The two ways in which one credential's `get_token` ends. Each writes the list of attempts with its one entry.

/// `source` says for people where the token came from: `App Service managed identity, system-assigned`.
TokenResult issued(std::string_view credential, std::string source, TokenReply reply);

/// The message becomes `<credential>: <reason>`.
CredentialError refused(std::string_view credential, ErrorKind kind, std::string reason);

}  // namespace azf::identity
