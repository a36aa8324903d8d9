#include "identity/caching_credential.h"

#include "core/time_text.h"
#include "identity/token_outcome.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>

namespace azf::identity {
namespace {

using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr minutes kRefreshMargin{5};
constexpr minutes kEndMargin{2};
constexpr seconds kRefreshPatience{2};
constexpr seconds kRefreshPause{30};
constexpr seconds kErrorMemory{1};
constexpr std::size_t kMostEntries = 1024;

// Equal for requests that one token serves. Sizes stand in it because scopes may hold any character.
std::string key_of(const TokenRequestContext& context) {
  const auto lower = [](std::string text) {
    for (char& c : text) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return text;
  };
  std::set<std::string> scopes;
  for (const std::string& scope : context.scopes) scopes.insert(lower(scope));
  std::string key = lower(context.tenant_id);
  for (const std::string& scope : scopes)
    key.append(" ").append(std::to_string(scope.size())).append(":").append(scope);
  return key;
}

std::string scopes_of(const TokenRequestContext& context) {
  std::string text;
  for (const std::string& scope : context.scopes) text.append(text.empty() ? "" : " ").append(scope);
  return text;
}

// Whether asking again may soon end better: no reply came, or one that says so.
bool may_pass(const CredentialError& error) {
  if (error.kind == ErrorKind::kInvalidArgument || error.kind == ErrorKind::kTimeout) return false;
  return error.status == 0 || error.status == 429 || error.status >= 500;
}

// The time that the one who fetched was given says nothing about those who waited.
bool concerns_all(const TokenResult& outcome) { return outcome || outcome.error().kind != ErrorKind::kTimeout; }

}  // namespace

CachingCredential::CachingCredential(std::unique_ptr<TokenCredential> source, const CredentialServices& services)
    : source_(std::move(source)), services_(services) {}

TokenResult CachingCredential::get_token(const TokenRequestContext& context, Deadline deadline) {
  const std::string key = key_of(context);
  if (!context.claims.empty()) return fetch_with_claims(key, context, deadline);

  auto found = answer_or_flight(key, deadline);
  if (const auto* flight = std::get_if<std::shared_ptr<Flight>>(&found)) return fetch(key, *flight, context, deadline);
  TokenResult& answer = std::get<TokenResult>(found);
  if (answer) services_.log.debug("token from the cache", {{"scopes", scopes_of(context)}});
  return std::move(answer);
}

std::variant<TokenResult, std::shared_ptr<CachingCredential::Flight>> CachingCredential::answer_or_flight(
    const std::string& key, Deadline deadline) {
  const MutexLock lock(mutex_);
  while (true) {
    Entry& entry = entry_for(key);
    const Freshness freshness = entry.held ? judge(*entry.held) : Freshness::kUnusable;
    const bool good = freshness != Freshness::kUnusable;
    const SteadyTime now = services_.clock.steady_now();
    if (freshness == Freshness::kFresh) return TokenResult(entry.held->token);
    if (good && (entry.flight != nullptr || now < entry.refresh_not_before)) return TokenResult(entry.held->token);
    if (!good && entry.recent_error && now < entry.repeat_error_until) return TokenResult(*entry.recent_error);
    if (entry.flight == nullptr) {
      entry.flight = std::make_shared<Flight>(Flight{entry.held, good, std::nullopt});
      return entry.flight;
    }

    const std::shared_ptr<const Flight> awaited = entry.flight;  // `entry` may be gone after waiting
    while (!awaited->outcome && !deadline.passed(services_.clock)) wait_for_landing(deadline);
    if (!awaited->outcome) {
      return TokenResult(refused(name(), ErrorKind::kTimeout, Problem::kDeadlinePassed,
                                 "no time was left while another caller fetched the token"));
    }
    if (concerns_all(*awaited->outcome)) return *awaited->outcome;
  }
}

TokenResult CachingCredential::fetch(const std::string& key, const std::shared_ptr<Flight>& flight,
                                     const TokenRequestContext& context, Deadline deadline) {
  TokenResult outcome =
      refused(name(), ErrorKind::kInternal, Problem::kInternal, "fetching the token ended in an exception");
  {
    // Lands also where the source throws, so that nobody waits for ever.
    struct Landing {
      CachingCredential& cache;
      const std::string& key;
      Flight& flight;
      const TokenResult& outcome;
      ~Landing() { cache.land(key, flight, outcome); }
    } landing{*this, key, *flight, outcome};
    const Deadline limit = flight->old_is_good ? deadline.or_sooner(services_.clock, kRefreshPatience) : deadline;
    outcome = source_->get_token(context, limit);
  }

  if (outcome) {
    services_.log.debug("token fetched", {{"scopes", scopes_of(context)},
                                          {"credential", (*outcome)->credential},
                                          {"expires_on", to_rfc3339((*outcome)->expires_on)}});
    return outcome;
  }
  if (!flight->old_is_good) return outcome;
  services_.log.warning("token refresh failed; the old token stays in use",
                        {{"scopes", scopes_of(context)},
                         {"expires_on", to_rfc3339(flight->old->token->expires_on)},
                         {"reason", outcome.error().message}});
  return flight->old->token;
}

TokenResult CachingCredential::fetch_with_claims(const std::string& key, const TokenRequestContext& context,
                                                 Deadline deadline) {
  TokenResult outcome = source_->get_token(context, deadline);
  if (outcome) {
    const MutexLock lock(mutex_);
    entry_for(key).held = hold(*outcome);
  }
  return outcome;
}

void CachingCredential::land(const std::string& key, Flight& flight, const TokenResult& outcome) {
  const MutexLock lock(mutex_);
  const SteadyTime now = services_.clock.steady_now();
  Entry& entry = entry_for(key);
  entry.flight = nullptr;
  flight.outcome = outcome;
  if (outcome) {
    // Unless one with claims has come in the meantime, which knows more.
    if (entry.held == flight.old) entry.held = hold(*outcome);
    entry.recent_error.reset();
  } else {
    entry.refresh_not_before = now + kRefreshPause;
    if (may_pass(outcome.error())) {
      entry.recent_error = outcome.error();
      entry.repeat_error_until = now + kErrorMemory;
    }
  }
  landed_.notify_all();
}

CachingCredential::Entry& CachingCredential::entry_for(const std::string& key) {
  if (const auto found = entries_.find(key); found != entries_.end()) return found->second;

  // A new key: forget what has ended, and where that is not enough the token that would end first.
  std::erase_if(entries_, [&](const auto& each) {
    const Entry& entry = each.second;
    const bool usable = entry.held && judge(*entry.held) != Freshness::kUnusable;
    return !usable && entry.flight == nullptr && services_.clock.steady_now() >= entry.repeat_error_until;
  });
  while (entries_.size() >= kMostEntries) {
    auto first = entries_.end();
    for (auto each = entries_.begin(); each != entries_.end(); ++each) {
      if (each->second.flight != nullptr) continue;
      const auto end_of = [](const Entry& entry) { return entry.held ? entry.held->unusable_at : SystemTime(); };
      if (first == entries_.end() || end_of(each->second) < end_of(first->second)) first = each;
    }
    if (first == entries_.end()) break;  // each has a caller of its own, so there are no more of them than threads
    entries_.erase(first);
  }
  return entries_[key];
}

void CachingCredential::wait_for_landing(Deadline deadline) {
  if (const auto instant = deadline.instant()) {
    landed_.wait_until(mutex_, *instant);
  } else {
    landed_.wait(mutex_);
  }
}

std::shared_ptr<const CachingCredential::Held> CachingCredential::hold(std::shared_ptr<const AccessToken> token) const {
  const SystemTime now = services_.clock.system_now();
  const SteadyTime steady_now = services_.clock.steady_now();
  const nanoseconds life = std::max<nanoseconds>(token->expires_on - now, nanoseconds::zero());
  const SystemTime unusable_at = token->expires_on - std::min<nanoseconds>(kEndMargin, life / 10);
  SystemTime refresh_at = token->expires_on - std::min<nanoseconds>(kRefreshMargin, life / 4);
  if (token->refresh_on) refresh_at = std::min(refresh_at, *token->refresh_on);
  return std::make_shared<const Held>(Held{std::move(token), refresh_at, unusable_at, steady_now + (refresh_at - now),
                                           steady_now + (unusable_at - now)});
}

CachingCredential::Freshness CachingCredential::judge(const Held& held) const {
  const SystemTime now = services_.clock.system_now();
  const SteadyTime steady_now = services_.clock.steady_now();
  if (now >= held.unusable_at || steady_now >= held.steady_unusable_at) return Freshness::kUnusable;
  if (now >= held.refresh_at || steady_now >= held.steady_refresh_at) return Freshness::kRefreshDue;
  return Freshness::kFresh;
}

}  // namespace azf::identity
