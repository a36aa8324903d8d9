#include "identity/caching_credential.h"

#include "core/time_text.h"
#include "identity/token_outcome.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <set>
#include <utility>

namespace azf::identity {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr minutes kUrgentMargin{5};
constexpr minutes kEndMargin{2};
constexpr seconds kUrgentPatience{2};
constexpr seconds kRefreshLimit{60};
constexpr seconds kFirstRefreshPause{30};
constexpr seconds kLongestRefreshPause{300};
constexpr seconds kSilenceMemory{1};
constexpr seconds kRefusalMemory{5};
constexpr seconds kLongestMemory{3600};
constexpr std::size_t kMostEntries = 1024;
constexpr std::size_t kMostSpellings = 4;

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
  std::string key = lower(context.tenant_id) + (context.enable_cae ? " cae" : "");
  for (const std::string& scope : scopes)
    key.append(" ").append(std::to_string(scope.size())).append(":").append(scope);
  if (!context.claims.empty()) key.append(" claims:").append(context.claims);
  return key;
}

TokenRequestContext without_claims(TokenRequestContext context) {
  context.claims.clear();
  return context;
}

// Longer by that part of itself.
nanoseconds spread(nanoseconds duration, double part) {
  return duration + nanoseconds(std::llround(static_cast<double>(duration.count()) * part));
}

std::string scopes_of(const TokenRequestContext& context) {
  std::string text;
  for (const std::string& scope : context.scopes) text.append(text.empty() ? "" : " ").append(scope);
  return text;
}

bool is_pause_worthy(int status) { return status == 429 || status >= 500; }

// How long a failure is repeated from memory; nothing where asking again at once may end better.
milliseconds memory_for(const CredentialError& error) {
  if (error.kind == ErrorKind::kInvalidArgument || error.kind == ErrorKind::kTimeout) return milliseconds::zero();
  if (error.status == 0) return kSilenceMemory;
  if (!is_pause_worthy(error.status)) return milliseconds::zero();
  return std::clamp<milliseconds>(error.retry_after.value_or(kRefusalMemory), kSilenceMemory, kLongestMemory);
}

CredentialError from_memory(CredentialError error, nanoseconds left) {
  if (left <= kRefusalMemory) return error;  // it has only just happened
  const std::string note = " (said before; the service wants to be left alone for another " +
                           std::to_string(std::chrono::ceil<seconds>(left).count()) + " s)";
  error.message.append(note);
  if (!error.attempts.empty()) error.attempts.back().reason.append(note);
  return error;
}

// The time that the one who fetched was given says nothing about those who waited.
bool concerns_all(const TokenResult& outcome) { return outcome || outcome.error().kind != ErrorKind::kTimeout; }

bool reached(const ClockReading& instant, const ClockReading& now) {
  return now.system >= instant.system || now.steady >= instant.steady;
}

}  // namespace

CachingCredential::CachingCredential(std::unique_ptr<TokenCredential> source, const CredentialServices& services)
    : source_(std::move(source)), services_(services) {}

CachingCredential::~CachingCredential() {
  const MutexLock lock(mutex_);
  while (refreshes_under_way_ > 0) landed_.wait(mutex_);
}

TokenResult CachingCredential::get_token(const TokenRequestContext& context, Deadline deadline) {
  if (context.claims.empty()) {
    if (auto token = fresh_.find(context, services_.clock.coarse_now())) {
      if (services_.log.enabled(LogLevel::kDebug)) log_hit(context);
      return token;
    }
  }
  return get_unpublished(context, deadline);
}

// Apart from `get_token`, which has little to do, and would have to make room on the stack for all of this.
TokenResult CachingCredential::get_unpublished(const TokenRequestContext& context, Deadline deadline) {
  const std::string key = key_of(context);
  Decision decision = decide(key, context, deadline);
  if (const auto* work = std::get_if<Fetch>(&decision)) return fetch(key, work->flight, deadline);
  if (const auto* work = std::get_if<Refresh>(&decision)) return refresh(key, *work, deadline);
  TokenResult& answer = std::get<TokenResult>(decision);
  if (answer && services_.log.enabled(LogLevel::kDebug)) log_hit(context);
  return std::move(answer);
}

void CachingCredential::log_hit(const TokenRequestContext& context) const {
  services_.log.debug("token from the cache", {{"scopes", scopes_of(context)}});
}

void CachingCredential::discard(const AccessToken& token) {
  source_->discard(token);
  const MutexLock lock(mutex_);
  for (auto& [key, entry] : entries_) {
    if (entry.held == nullptr || !(entry.held->token->token == token.token)) continue;
    entry.held = nullptr;
    entry.rows.clear();
  }
  publish();
}

CachingCredential::Decision CachingCredential::decide(const std::string& key, const TokenRequestContext& context,
                                                      Deadline deadline) {
  const MutexLock lock(mutex_);
  while (true) {
    // A request with claims has one of its own, which never holds a token, for its flight and its failure.
    Entry& entry = entry_for(key);
    const Freshness freshness = entry.held ? judge(*entry.held) : Freshness::kUnusable;
    const SteadyTime now = services_.clock.steady_now();
    if (freshness == Freshness::kFresh) {
      add_spelling(entry, context);
      return TokenResult(entry.held->token);
    }
    if (freshness != Freshness::kUnusable) {
      if (entry.flight != nullptr || now < entry.refresh_not_before) return TokenResult(entry.held->token);
      entry.flight = std::make_shared<Flight>(Flight{context, entry.held});
      ++refreshes_under_way_;
      return Refresh{entry.flight, freshness == Freshness::kRefreshUrgent};
    }
    if (entry.recent_error && now < entry.repeat_error_until) {
      return TokenResult(from_memory(*entry.recent_error, entry.repeat_error_until - now));
    }
    if (entry.flight == nullptr) {
      entry.flight = std::make_shared<Flight>(Flight{context, entry.held});
      return Fetch{entry.flight};
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

TokenResult CachingCredential::fetch(const std::string& key, const std::shared_ptr<Flight>& flight, Deadline deadline) {
  // Lands also where the source throws, so that nobody waits for ever.
  struct Landing {
    CachingCredential& cache;
    const std::string& key;
    Flight& flight;
    TokenResult outcome;
    ~Landing() { cache.land(key, flight, outcome); }
  } landing{*this, key, *flight,
            refused(name(), ErrorKind::kInternal, Problem::kInternal, "fetching the token ended in an exception")};
  landing.outcome = timed_get_token(*source_, flight->context, deadline, services_.clock);
  if (landing.outcome) {
    const AccessToken& token = **landing.outcome;
    services_.log.debug("token fetched", {{"scopes", scopes_of(flight->context)},
                                          {"credential", token.credential},
                                          {"expires_on", to_rfc3339(token.expires_on)}});
  }
  return landing.outcome;
}

TokenResult CachingCredential::refresh(const std::string& key, const Refresh& refresh, Deadline deadline) {
  const auto work = [this, key, flight = refresh.flight](Deadline limit) {
    struct Departure {
      CachingCredential& cache;
      ~Departure() {
        const MutexLock lock(cache.mutex_);
        --cache.refreshes_under_way_;
        cache.landed_.notify_all();
      }
    } const departure{*this};
    const TokenResult outcome = fetch(key, flight, limit);
    if (outcome) return;
    services_.log.warning("token refresh failed; the old token stays in use",
                          {{"scopes", scopes_of(flight->context)},
                           {"expires_on", to_rfc3339(flight->old->token->expires_on)},
                           {"reason", outcome.error().message}});
  };
  const auto in_background = [work, &clock = services_.clock] { work(Deadline::after(clock, kRefreshLimit)); };
  const Deadline patience = deadline.or_sooner(services_.clock, kUrgentPatience);
  if (!services_.executor.post("token refresh", in_background))
    work(patience);  // no thread to be had: better late than never
  if (!refresh.urgent) return refresh.flight->old->token;

  const MutexLock lock(mutex_);
  while (!refresh.flight->outcome && !patience.passed(services_.clock)) wait_for_landing(patience);
  const auto& outcome = refresh.flight->outcome;
  return outcome && *outcome ? *outcome : TokenResult(refresh.flight->old->token);
}

void CachingCredential::land(const std::string& key, Flight& flight, const TokenResult& outcome) {
  const MutexLock lock(mutex_);
  const std::string plain_key = key_of(without_claims(flight.context));
  flight.outcome = outcome;
  Entry& entry = entry_for(key);
  entry.flight = nullptr;
  if (outcome) {
    entry.recent_error.reset();
    Entry& plain = entry_for(plain_key);
    // One that came with claims in the meantime knows more.
    if (!flight.context.claims.empty() || plain.held == flight.old) {
      plain.failed_refreshes = 0;
      plain.held = hold(*outcome);
      add_spelling(plain, without_claims(flight.context));
    }
  } else {
    remember_failure(entry, outcome.error());
  }
  landed_.notify_all();
}

void CachingCredential::remember_failure(Entry& entry, const CredentialError& error) {
  const SteadyTime now = services_.clock.steady_now();
  const seconds pause = std::min(kFirstRefreshPause * (1 << std::min(entry.failed_refreshes, 4)), kLongestRefreshPause);
  ++entry.failed_refreshes;
  entry.refresh_not_before = now + spread(pause, 0.5 * services_.jitter());
  if (const milliseconds memory = memory_for(error); memory > milliseconds::zero()) {
    entry.recent_error = error;
    entry.repeat_error_until = now + memory;
    entry.refresh_not_before = std::max(entry.refresh_not_before, entry.repeat_error_until);
  }
}

// Readies the entry's token for callers who write their request like this one.
void CachingCredential::add_spelling(Entry& entry, const TokenRequestContext& context) {
  if (!context.claims.empty()) return;
  const bool known = std::ranges::any_of(entry.spellings, [&](const TokenRequestContext& each) {
    return each.scopes == context.scopes && each.tenant_id == context.tenant_id;
  });
  if (!known) {
    if (entry.spellings.size() == kMostSpellings) entry.spellings.erase(entry.spellings.begin());
    entry.spellings.push_back(context);
  }
  entry.rows.clear();
  for (const TokenRequestContext& each : entry.spellings) {
    entry.rows.push_back(std::make_shared<const TokenTable::Row>(each, entry.held->token, entry.held->refresh_at));
  }
  publish();
}

void CachingCredential::publish() {
  std::vector<std::shared_ptr<const TokenTable::Row>> rows;
  for (const auto& [key, entry] : entries_) rows.insert(rows.end(), entry.rows.begin(), entry.rows.end());
  fresh_.publish(rows);
}

CachingCredential::Entry& CachingCredential::entry_for(const std::string& key) {
  const auto found = entries_.find(key);
  if (found != entries_.end()) return found->second;
  make_room();
  return entries_[key];
}

// Forgets what has ended, and where that is not enough the token that would end first.
void CachingCredential::make_room() {
  std::erase_if(entries_, [&](const auto& each) {
    const Entry& entry = each.second;
    const bool usable = entry.held && judge(*entry.held) != Freshness::kUnusable;
    return !usable && entry.flight == nullptr && services_.clock.steady_now() >= entry.repeat_error_until;
  });
  while (entries_.size() >= kMostEntries) {
    auto first = entries_.end();
    for (auto each = entries_.begin(); each != entries_.end(); ++each) {
      if (each->second.flight != nullptr) continue;
      const auto end_of = [](const Entry& entry) { return entry.held ? entry.held->unusable_at.system : SystemTime(); };
      if (first == entries_.end() || end_of(each->second) < end_of(first->second)) first = each;
    }
    if (first == entries_.end()) break;  // each has a caller of its own, so there are no more of them than threads
    entries_.erase(first);
  }
}

void CachingCredential::wait_for_landing(Deadline deadline) {
  if (const auto instant = deadline.instant()) {
    landed_.wait_until(mutex_, *instant);
  } else {
    landed_.wait(mutex_);
  }
}

std::shared_ptr<const CachingCredential::Held> CachingCredential::hold(std::shared_ptr<const AccessToken> token) const {
  const ClockReading now{services_.clock.system_now(), services_.clock.steady_now()};
  const nanoseconds life = std::max<nanoseconds>(token->expires_on - now.system, nanoseconds::zero());
  const auto after = [&](nanoseconds age) { return ClockReading{now.system + age, now.steady + age}; };
  const nanoseconds urgent = life - std::min<nanoseconds>(kUrgentMargin, life / 4);
  nanoseconds refresh = urgent;
  if (token->refresh_on) {
    const nanoseconds due = std::max<nanoseconds>(*token->refresh_on - now.system, nanoseconds::zero());
    refresh = std::min(refresh, spread(due, -0.1 * services_.jitter()));
  }
  const nanoseconds unusable = life - std::min<nanoseconds>(kEndMargin, life / 10);
  return std::make_shared<const Held>(Held{std::move(token), after(refresh), after(urgent), after(unusable)});
}

CachingCredential::Freshness CachingCredential::judge(const Held& held) const {
  const ClockReading now{services_.clock.system_now(), services_.clock.steady_now()};
  if (reached(held.unusable_at, now)) return Freshness::kUnusable;
  if (reached(held.urgent_at, now)) return Freshness::kRefreshUrgent;
  if (reached(held.refresh_at, now)) return Freshness::kRefreshDue;
  return Freshness::kFresh;
}

}  // namespace azf::identity
