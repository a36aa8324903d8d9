#include "identity/token_outcome.h"

#include <utility>

namespace azf::identity {

TokenResult issued(std::string_view credential, std::string source, TokenReply reply) {
  std::string name(credential);
  Attempt attempt{name, AttemptOutcome::kSucceeded, std::move(source)};
  return std::make_shared<const AccessToken>(
      AccessToken{std::move(reply.token), reply.expires_on, reply.refresh_on, std::move(name), {std::move(attempt)}});
}

CredentialError refused(std::string_view credential, ErrorKind kind, std::string reason) {
  const auto outcome =
      kind == ErrorKind::kCredentialUnavailable ? AttemptOutcome::kUnavailable : AttemptOutcome::kFailed;
  CredentialError error;
  error.kind = kind;
  error.message = std::string(credential).append(": ").append(reason);
  error.attempts = {{std::string(credential), outcome, std::move(reason)}};
  return error;
}

}  // namespace azf::identity
