#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "emulator/services/bearer_check.h"
#include "emulator/services/stand_in.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace azf::emulator {

/// The secrets of a vault in Azure Key Vault, to be read (Key Vault documentation, REST API, "Get Secret" and "Get
/// Secrets"). A request without a good token is answered by the challenge that tells where to get one. The values are
/// made up, and say so:
///
/// - `demo-greeting` (two versions), `database-password`, `api-token`, and `item-01` to `item-30` for lists of several
///   pages;
/// - `disabled-secret` is disabled, `forbidden-secret` is one that the caller lacks the role for.
class KeyVaultService final : public StandIn {
 public:
  /// `url` is where the vault is, without a slash at its end, and `audience` what tokens for it are asked for: the
  /// host of the first has to be one below the host of the second. `issuer` and `clock` outlive the service.
  KeyVaultService(std::string url, std::string audience, std::string authority, const TokenIssuer& issuer,
                  const Clock& clock);

  Reply handle(const Request& request, std::string_view path) override;
  [[nodiscard]] Reply failure(int status) const override;

 private:
  struct Version {
    std::string id;
    std::string value;
  };
  struct StoredSecret {
    std::vector<Version> versions;  // the newest last
    bool enabled = true;
    bool forbidden = false;
  };

  [[nodiscard]] Reply challenge(TokenFlaw flaw) const;
  [[nodiscard]] Reply answer(const Request& request, std::string_view path) const;
  [[nodiscard]] Reply get(const std::string& name, std::string_view version) const;
  [[nodiscard]] Reply list(const Request& request) const;
  [[nodiscard]] Reply list_versions(const std::string& name) const;
  [[nodiscard]] Json attributes(const StoredSecret& secret) const;
  void add(const std::string& name, const std::vector<std::string>& values);

  const std::string url_;
  const std::string authority_;
  const BearerCheck tokens_;
  const SystemTime created_;
  std::map<std::string, StoredSecret, std::less<>> secrets_;
};

}  // namespace azf::emulator
