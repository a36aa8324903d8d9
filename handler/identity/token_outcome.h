#pragma once

#include "core/clock.h"
#include "identity/advice.h"
#include "identity/token_credential.h"
#include "identity/token_reply.h"

#include <string>
#include <string_view>

namespace azf::identity {

// The two ways in which one credential's `get_token` ends. Each writes the list of attempts with its one entry.

/// `source` says for people where the token came from: `App Service managed identity, system-assigned`.
TokenResult issued(std::string_view credential, std::string source, TokenReply reply);

/// Why one credential gives no token. Value.
struct Refusal {
  ErrorKind kind = ErrorKind::kAuthenticationFailed;
  Problem problem = Problem::kInternal;
  std::string reason;
  std::string source{};
  /// Empty: what the troubleshooting table says about `problem`.
  std::string next_step{};
};

/// The message becomes `<credential>: <reason>. What to do: <next step>`.
CredentialError refused(std::string_view credential, Refusal refusal);
CredentialError refused(std::string_view credential, ErrorKind kind, Problem problem, std::string reason);

/// Asks `credential`, and writes into those of its attempts that have no duration how long it took.
TokenResult timed_get_token(TokenCredential& credential, const TokenRequestContext& context, Deadline deadline,
                            const Clock& clock);

}  // namespace azf::identity
