#pragma once

#include "core/mutex.h"
#include "identity/token_credential.h"

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace azf::test {

/// A token as a credential named `credential` would issue it.
identity::TokenResult fake_token(std::string_view token, SystemTime expires_on,
                                 std::optional<SystemTime> refresh_on = std::nullopt,
                                 std::string credential = "FakeCredential");

/// The failure of a credential named `credential`, with its one attempt.
identity::CredentialError fake_refusal(ErrorKind kind, std::string reason, std::string credential = "FakeCredential");

/// Answers from a list, each outcome once and in order, or from a function; keeps the requests that it saw. A request
/// for which no outcome is left throws `std::logic_error`, because a request too many is what a test wants to notice.
/// Thread-safe; the function is called without a lock held, so it may block.
class FakeCredential final : public identity::TokenCredential {
 public:
  using Answer = std::function<identity::TokenResult(const identity::TokenRequestContext&, Deadline)>;

  explicit FakeCredential(std::string name, std::vector<identity::TokenResult> outcomes = {});
  FakeCredential(std::string name, Answer answer);

  [[nodiscard]] std::string_view name() const override { return name_; }
  identity::TokenResult get_token(const identity::TokenRequestContext& context, Deadline deadline) override;

  /// Adds an outcome after those that are left.
  void add_outcome(identity::TokenResult outcome);
  [[nodiscard]] std::vector<identity::TokenRequestContext> requests() const;
  /// The deadlines of the requests, in the same order.
  [[nodiscard]] std::vector<Deadline> deadlines() const;

 private:
  const std::string name_;
  const Answer answer_;

  mutable Mutex mutex_;
  std::deque<identity::TokenResult> outcomes_ GUARDED_BY(mutex_);
  std::vector<identity::TokenRequestContext> requests_ GUARDED_BY(mutex_);
  std::vector<Deadline> deadlines_ GUARDED_BY(mutex_);
};

}  // namespace azf::test
