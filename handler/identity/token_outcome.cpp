#include "identity/token_outcome.h"

#include "identity/credential_catalog.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace azf::identity {
namespace {

void write_duration(std::vector<Attempt>& attempts, std::chrono::milliseconds duration) {
  for (Attempt& attempt : attempts) {
    if (!attempt.duration) attempt.duration = duration;
  }
}

}  // namespace

TokenResult issued(std::string_view credential, std::string source, TokenReply reply) {
  std::string name(credential);
  Attempt attempt;
  attempt.credential = name;
  attempt.outcome = AttemptOutcome::kSucceeded;
  attempt.source = std::move(source);
  attempt.looked_for = looks_for(credential);
  attempt.reason = "a token";
  AccessToken token{std::move(reply.token), reply.expires_on, reply.refresh_on, std::move(name), {}};
  token.attempts.push_back(std::move(attempt));
  return std::make_shared<const AccessToken>(std::move(token));
}

CredentialError refused(std::string_view credential, Refusal refusal) {
  Attempt attempt;
  attempt.credential = credential;
  attempt.outcome =
      refusal.kind == ErrorKind::kCredentialUnavailable ? AttemptOutcome::kUnavailable : AttemptOutcome::kFailed;
  attempt.code = to_string(refusal.problem);
  attempt.source = std::move(refusal.source);
  attempt.looked_for = looks_for(credential);
  attempt.reason = std::move(refusal.reason);
  attempt.next_step = refusal.next_step.empty() ? next_step_for(attempt.code) : std::move(refusal.next_step);

  CredentialError error;
  error.kind = refusal.kind;
  error.message = message_of(attempt);
  error.attempts.push_back(std::move(attempt));
  return error;
}

CredentialError refused(std::string_view credential, ErrorKind kind, Problem problem, std::string reason) {
  return refused(credential, {.kind = kind, .problem = problem, .reason = std::move(reason)});
}

TokenResult timed_get_token(TokenCredential& credential, const TokenRequestContext& context, Deadline deadline,
                            const Clock& clock) {
  const SteadyTime began = clock.steady_now();
  TokenResult result = credential.get_token(context, deadline);
  const auto duration = std::chrono::floor<std::chrono::milliseconds>(clock.steady_now() - began);
  if (!result) {
    CredentialError error = std::move(result).error();
    write_duration(error.attempts, duration);
    return error;
  }
  if (std::ranges::all_of((*result)->attempts, [](const Attempt& attempt) { return attempt.duration.has_value(); })) {
    return result;
  }
  // The token is shared and immutable, so the duration goes into a copy.
  const AccessToken& token = **result;
  AccessToken timed{token.token.clone(), token.expires_on, token.refresh_on, token.credential, token.attempts};
  write_duration(timed.attempts, duration);
  return std::make_shared<const AccessToken>(std::move(timed));
}

}  // namespace azf::identity
