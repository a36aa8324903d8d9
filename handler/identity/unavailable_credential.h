#pragma once

#include "core/error.h"
#include "identity/advice.h"
#include "identity/token_credential.h"

#include <string>
#include <string_view>

namespace azf::identity {

/// Stands in for a credential that could not be built, so that a chain still lists it with the reason. Every call
/// fails with that reason as `kCredentialUnavailable`. Immutable, thread-safe.
class UnavailableCredential final : public TokenCredential {
 public:
  /// The problem is `kInvalidSetting` for a reason that is `kInvalidArgument`, else `kNotConfigured`.
  UnavailableCredential(std::string name, Error reason);
  UnavailableCredential(std::string name, Error reason, Problem problem);

  [[nodiscard]] std::string_view name() const override { return name_; }
  TokenResult get_token(const TokenRequestContext& context, Deadline deadline) override;

 private:
  const std::string name_;
  const std::string reason_;
  const Problem problem_;
};

}  // namespace azf::identity
