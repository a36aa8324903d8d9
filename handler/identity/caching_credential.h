#pragma once

#include "core/mutex.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace azf::identity {

/// Keeps the tokens of another credential, one for each set of scopes (order, repeats and letter case do not matter)
/// and tenant, and asks it at most once at a time for each of them. Thread-safe; no lock is held while it is asked,
/// so a slow scope delays no other.
///
/// - A token that is not due for refresh is handed out at once.
/// - Between refresh time (`refresh_on`, at the latest 5 minutes before its end) and 2 minutes before its end, one
///   caller fetches a new one and waits for it at most 2 s; the others get the old one at once. A failed refresh is
///   a log line, the caller gets the old token, and the next try comes at the earliest after 30 s.
/// - Without a usable token one caller fetches; the others wait, at most until their own deadlines, and share its
///   token or its error. A failure that may pass (no reply, 429, 5xx) is repeated from memory for 1 s.
/// - A request with claims always asks, and its token replaces the kept one.
///
/// For tokens that live less than 20 minutes the two margins shrink to a quarter and a tenth of their life. A token
/// has ended when the wall clock or the monotonic clock says so, whichever is first: setting the clock back
/// lengthens no token's life.
class CachingCredential final : public TokenCredential {
 public:
  CachingCredential(std::unique_ptr<TokenCredential> source, const CredentialServices& services);

  [[nodiscard]] std::string_view name() const override { return source_->name(); }
  TokenResult get_token(const TokenRequestContext& context, Deadline deadline) override;

 private:
  /// A token with the instants that decide about it, on both clocks. Immutable.
  struct Held {
    std::shared_ptr<const AccessToken> token;
    SystemTime refresh_at;
    SystemTime unusable_at;
    SteadyTime steady_refresh_at;
    SteadyTime steady_unusable_at;
  };
  enum class Freshness { kFresh, kRefreshDue, kUnusable };

  /// One fetch that is under way or has ended. Shared by the caller who fetches and those who wait.
  struct Flight {
    /// The token to be replaced, if any, and whether it is still good.
    std::shared_ptr<const Held> old;
    bool old_is_good = false;
    std::optional<TokenResult> outcome;
  };

  /// What is known for one key.
  struct Entry {
    /// The newest token; a reader copies the pointer and needs the lock no longer.
    std::shared_ptr<const Held> held;
    /// Null while nobody fetches.
    std::shared_ptr<Flight> flight;
    /// A failure that may pass, repeated until then instead of asking again.
    std::optional<CredentialError> recent_error;
    SteadyTime repeat_error_until;
    /// Not before then is a refresh tried.
    SteadyTime refresh_not_before;
  };

  /// An answer from memory, or the fetch that the caller has to make.
  std::variant<TokenResult, std::shared_ptr<Flight>> answer_or_flight(const std::string& key, Deadline deadline);
  TokenResult fetch(const std::string& key, const std::shared_ptr<Flight>& flight, const TokenRequestContext& context,
                    Deadline deadline);
  TokenResult fetch_with_claims(const std::string& key, const TokenRequestContext& context, Deadline deadline);
  void land(const std::string& key, Flight& flight, const TokenResult& outcome);
  Entry& entry_for(const std::string& key) REQUIRES(mutex_);
  void wait_for_landing(Deadline deadline) REQUIRES(mutex_);

  [[nodiscard]] std::shared_ptr<const Held> hold(std::shared_ptr<const AccessToken> token) const;
  [[nodiscard]] Freshness judge(const Held& held) const;

  const std::unique_ptr<TokenCredential> source_;
  const CredentialServices services_;

  Mutex mutex_;
  ConditionVariable landed_;
  std::map<std::string, Entry> entries_ GUARDED_BY(mutex_);
};

}  // namespace azf::identity
