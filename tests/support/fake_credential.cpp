#include "support/fake_credential.h"

#include <stdexcept>
#include <utility>

namespace azf::test {

using identity::AccessToken;
using identity::Attempt;
using identity::AttemptOutcome;
using identity::CredentialError;
using identity::TokenRequestContext;
using identity::TokenResult;

TokenResult fake_token(std::string_view token, SystemTime expires_on, std::optional<SystemTime> refresh_on,
                       std::string credential) {
  Attempt attempt;
  attempt.credential = credential;
  attempt.outcome = AttemptOutcome::kSucceeded;
  attempt.reason = "made by a test";
  return std::make_shared<const AccessToken>(
      AccessToken{Secret(token), expires_on, refresh_on, std::move(credential), {std::move(attempt)}});
}

CredentialError fake_refusal(ErrorKind kind, std::string reason, std::string credential) {
  CredentialError error;
  error.kind = kind;
  error.message = credential + ": " + reason;
  Attempt attempt;
  attempt.credential = std::move(credential);
  attempt.outcome = kind == ErrorKind::kCredentialUnavailable ? AttemptOutcome::kUnavailable : AttemptOutcome::kFailed;
  attempt.reason = std::move(reason);
  error.attempts.push_back(std::move(attempt));
  return error;
}

FakeCredential::FakeCredential(std::string name, std::vector<TokenResult> outcomes)
    : name_(std::move(name)), outcomes_(outcomes.begin(), outcomes.end()) {}

FakeCredential::FakeCredential(std::string name, Answer answer) : name_(std::move(name)), answer_(std::move(answer)) {}

TokenResult FakeCredential::get_token(const TokenRequestContext& context, Deadline deadline) {
  {
    const MutexLock lock(mutex_);
    requests_.push_back(context);
    deadlines_.push_back(deadline);
    if (!answer_) {
      if (outcomes_.empty()) throw std::logic_error("FakeCredential: no outcome left for " + name_);
      TokenResult outcome = std::move(outcomes_.front());
      outcomes_.pop_front();
      return outcome;
    }
  }
  return answer_(context, deadline);
}

void FakeCredential::add_outcome(TokenResult outcome) {
  const MutexLock lock(mutex_);
  outcomes_.push_back(std::move(outcome));
}

std::vector<TokenRequestContext> FakeCredential::requests() const {
  const MutexLock lock(mutex_);
  return requests_;
}

std::vector<Deadline> FakeCredential::deadlines() const {
  const MutexLock lock(mutex_);
  return deadlines_;
}

}  // namespace azf::test
