#pragma once

#include "core/mutex.h"
#include "identity/credential_services.h"
#include "identity/token_credential.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace azf::identity {

/// Asks several credentials in order. `kCredentialUnavailable` moves on to the next; any other error, and success,
/// ends the walk. The token and the error list every credential that was asked; if all were unavailable, so is the
/// chain. Thread-safe.
class ChainedTokenCredential final : public TokenCredential {
 public:
  enum class Memory {
    kNone,          ///< every call walks the chain from its beginning
    kFirstSuccess,  ///< after the first success only that credential is asked, for the life of the chain
  };

  /// `sources` must not be empty, which is a bug of the caller. `name` is the type name to appear under.
  ///
  /// With `kFirstSuccess` one caller at a time walks. The others wait for it, at most until their own deadline; when
  /// it has found a credential they ask that one, all at once, and when it has not, the next of them walks.
  ChainedTokenCredential(std::string name, std::vector<std::unique_ptr<TokenCredential>> sources, Memory memory,
                         const CredentialServices& services);

  [[nodiscard]] std::string_view name() const override { return name_; }
  TokenResult get_token(const TokenRequestContext& context, Deadline deadline) override;
  void discard(const AccessToken& token) override;

 private:
  struct Walk {
    TokenResult result;
    TokenCredential* winner;  // null where there is no token
  };
  Walk walk(const TokenRequestContext& context, Deadline deadline) const;

  const std::string name_;
  const std::vector<std::unique_ptr<TokenCredential>> sources_;
  const Memory memory_;
  const CredentialServices services_;

  Mutex mutex_;
  ConditionVariable walk_ended_;
  bool walking_ GUARDED_BY(mutex_) = false;
  TokenCredential* winner_ GUARDED_BY(mutex_) = nullptr;
};

}  // namespace azf::identity
