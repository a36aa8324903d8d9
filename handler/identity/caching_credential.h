#pragma once

#include "core/mutex.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"
#include "identity/token_table.h"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace azf::identity {

/// Keeps the tokens of another credential, one for each set of scopes (order, repeats and letter case do not matter)
/// and tenant, and asks it at most once at a time for each of them. Thread-safe. A token from memory costs no lock and
/// no allocation; no lock is held while the credential is asked, so a slow scope delays no other.
///
/// - A token that is not due for refresh is handed out at once.
/// - From refresh time on (`refresh_on`, up to a tenth of the way earlier, so that many instances spread) a new one is
///   fetched in the background, and everybody gets the old one at once. In the last 5 minutes the caller that starts
///   the fetch waits for it at most 2 s. A failed refresh is a log line; the next try comes after 30 s, then after
///   twice as long each time up to 5 minutes, and up to half as long again by chance.
/// - In its last 2 minutes a token is not handed out. One caller fetches; the others wait, at most until their own
///   deadlines, and share its token or its error. A failure that may pass is repeated from memory for as long as the
///   service asked to be left alone (at most an hour), else for 5 s after 429 or 5xx, for 1 s where no reply came.
/// - A request with claims always asks, and its token replaces the kept one.
///
/// For tokens that live less than 20 minutes the two margins shrink to a quarter and a tenth of their life. A token
/// has ended when the wall clock or the monotonic clock says so, whichever is first: setting the clock back
/// lengthens no token's life.
class CachingCredential final : public TokenCredential {
 public:
  CachingCredential(std::unique_ptr<TokenCredential> source, const CredentialServices& services);
  /// Waits for the refreshes that are under way.
  ~CachingCredential() override;

  [[nodiscard]] std::string_view name() const override { return source_->name(); }
  TokenResult get_token(const TokenRequestContext& context, Deadline deadline) override;
  void discard(const AccessToken& token) override;

 private:
  /// A token with the instants that decide about it. Immutable.
  struct Held {
    std::shared_ptr<const AccessToken> token;
    ClockReading refresh_at;
    ClockReading urgent_at;
    ClockReading unusable_at;
  };
  enum class Freshness { kFresh, kRefreshDue, kRefreshUrgent, kUnusable };

  /// One fetch that is under way or has ended. Shared by those who fetch and those who wait, none of whom is last for
  /// sure.
  struct Flight {
    TokenRequestContext context;
    /// The token to be replaced, if any.
    std::shared_ptr<const Held> old;
    std::optional<TokenResult> outcome{};
  };

  /// What is known for one key.
  struct Entry {
    std::shared_ptr<const Held> held;
    /// `held` under the spellings that callers have used for this key, ready to be published.
    std::vector<std::shared_ptr<const TokenTable::Row>> rows;
    std::vector<TokenRequestContext> spellings;
    /// Null while nobody fetches.
    std::shared_ptr<Flight> flight;
    /// A failure that may pass, repeated until then instead of asking again.
    std::optional<CredentialError> recent_error;
    SteadyTime repeat_error_until;
    /// Not before then is a refresh tried; after how many failures in a row.
    SteadyTime refresh_not_before;
    int failed_refreshes = 0;
  };

  /// What a caller has to do.
  struct Fetch {
    std::shared_ptr<Flight> flight;
  };
  struct Refresh {
    std::shared_ptr<Flight> flight;
    bool urgent;
  };
  using Decision = std::variant<TokenResult, Fetch, Refresh>;

  [[gnu::noinline]] TokenResult get_unpublished(const TokenRequestContext& context, Deadline deadline);
  Decision decide(const std::string& key, const TokenRequestContext& context, Deadline deadline);
  TokenResult fetch(const std::string& key, const std::shared_ptr<Flight>& flight, Deadline deadline);
  TokenResult refresh(const std::string& key, const Refresh& refresh, Deadline deadline);
  void land(const std::string& key, Flight& flight, const TokenResult& outcome);
  void keep(const std::string& key, const std::shared_ptr<const AccessToken>& token) REQUIRES(mutex_);
  void remember_failure(Entry& entry, const CredentialError& error) REQUIRES(mutex_);
  void add_spelling(Entry& entry, const TokenRequestContext& context) REQUIRES(mutex_);
  void publish() REQUIRES(mutex_);
  Entry& entry_for(const std::string& key) REQUIRES(mutex_);
  void make_room() REQUIRES(mutex_);
  [[gnu::noinline]] void log_hit(const TokenRequestContext& context) const;
  void wait_for_landing(Deadline deadline) REQUIRES(mutex_);

  [[nodiscard]] std::shared_ptr<const Held> hold(std::shared_ptr<const AccessToken> token) const;
  [[nodiscard]] Freshness judge(const Held& held) const;

  const std::unique_ptr<TokenCredential> source_;
  const CredentialServices services_;

  /// Holds what `entries_` says is fresh; changed with `mutex_` held.
  TokenTable fresh_;

  Mutex mutex_;
  ConditionVariable landed_;
  std::map<std::string, Entry> entries_ GUARDED_BY(mutex_);
  std::size_t refreshes_under_way_ GUARDED_BY(mutex_) = 0;
};

}  // namespace azf::identity
