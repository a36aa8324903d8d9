#include "identity/chained_token_credential.h"

#include "identity/token_endpoint.h"
#include "identity/token_outcome.h"

#include <stdexcept>
#include <utility>

namespace azf::identity {
namespace {

void append(std::vector<Attempt>& to, const std::vector<Attempt>& attempts) {
  to.insert(to.end(), attempts.begin(), attempts.end());
}

// The same token with the attempts before it. The token itself is copied: its owner may hand it out without them.
std::shared_ptr<const AccessToken> with_attempts(const AccessToken& token, std::vector<Attempt> attempts) {
  append(attempts, token.attempts);
  return std::make_shared<const AccessToken>(
      AccessToken{token.token.clone(), token.expires_on, token.refresh_on, token.credential, std::move(attempts)});
}

std::string sum_of(std::string_view chain, const std::vector<Attempt>& attempts) {
  std::string text = std::string(chain) + ": failed to acquire a token.\nAttempted credentials:";
  for (const Attempt& attempt : attempts) {
    text.append("\n\t");
    for (const char c : message_of(attempt)) c == '\n' ? text.append("\n\t") : text.append(1, c);
  }
  return text;
}

}  // namespace

ChainedTokenCredential::ChainedTokenCredential(std::string name, std::vector<std::unique_ptr<TokenCredential>> sources,
                                               Memory memory, const CredentialServices& services)
    : name_(std::move(name)), sources_(std::move(sources)), memory_(memory), services_(services) {
  if (sources_.empty()) throw std::logic_error("ChainedTokenCredential: no sources");
}

TokenResult ChainedTokenCredential::get_token(const TokenRequestContext& context, Deadline deadline) {
  if (const auto valid = check_scopes(context.scopes); !valid) {
    return refused(name_, valid.error().kind, Problem::kInvalidRequest, valid.error().message);
  }
  if (memory_ == Memory::kNone) return walk(context, deadline).result;

  TokenCredential* winner = nullptr;
  {
    const MutexLock lock(mutex_);
    while (walking_ && winner_ == nullptr) {
      if (deadline.passed(services_.clock)) {
        return refused(name_, ErrorKind::kTimeout, Problem::kDeadlinePassed,
                       "no time was left while another caller tried the credentials");
      }
      if (const auto instant = deadline.instant()) {
        walk_ended_.wait_until(mutex_, *instant);
      } else {
        walk_ended_.wait(mutex_);
      }
    }
    winner = winner_;
    if (winner == nullptr) walking_ = true;
  }
  if (winner != nullptr) return timed_get_token(*winner, context, deadline, services_.clock);

  // Ends the walk also where a source throws, so that nobody waits for ever.
  struct WalkEnd {
    ChainedTokenCredential& chain;
    TokenCredential* winner = nullptr;
    ~WalkEnd() {
      const MutexLock lock(chain.mutex_);
      chain.walking_ = false;
      chain.winner_ = winner;
      chain.walk_ended_.notify_all();
    }
  } end{*this};
  Walk walked = walk(context, deadline);
  end.winner = walked.winner;
  if (end.winner != nullptr) services_.log.info(name_ + " chose " + std::string(end.winner->name()));
  return std::move(walked.result);
}

void ChainedTokenCredential::discard(const AccessToken& token) {
  for (const auto& source : sources_) source->discard(token);
}

ChainedTokenCredential::Walk ChainedTokenCredential::walk(const TokenRequestContext& context, Deadline deadline) const {
  std::vector<Attempt> attempts;
  CredentialError last;
  for (const auto& source : sources_) {
    TokenResult result = timed_get_token(*source, context, deadline, services_.clock);
    if (result) {
      if (!attempts.empty()) result = with_attempts(**result, std::move(attempts));
      return {std::move(result), source.get()};
    }
    last = std::move(result).error();
    append(attempts, last.attempts);
    if (last.kind != ErrorKind::kCredentialUnavailable) break;
  }
  last.message = sum_of(name_, attempts);
  last.attempts = std::move(attempts);
  return {std::move(last), nullptr};
}

}  // namespace azf::identity
