#pragma once

#include "core/clock.h"
#include "core/json.h"
#include "emulator/identity/token_issuer.h"
#include "emulator/services/bearer_check.h"
#include "emulator/services/stand_in.h"

#include <string>
#include <string_view>

namespace azf::emulator {

/// The directory of Microsoft Graph, version 1.0: `/v1.0/users` with `$top`, `$select`, `$filter` (`startswith(name,
/// 'text')` or `name eq 'text'`) and pages, `/v1.0/users/ID` by object id or principal name, and `/v1.0/me`, which
/// tokens of applications get a refusal for (Microsoft Graph documentation, "List users", "Get a user", "Error
/// responses"). The people are made up, but for the emulated tenant's own user. Thread-safe.
class GraphService final : public StandIn {
 public:
  static constexpr std::string_view kAudience = "https://graph.microsoft.com";

  /// `url` is where the service is, without a slash at its end. `issuer` and `clock` outlive the service.
  GraphService(std::string url, const User& user, const TokenIssuer& issuer, const Clock& clock);

  Reply handle(const Request& request, std::string_view path) override;
  [[nodiscard]] Reply failure(int status) const override;

 private:
  [[nodiscard]] Reply error_reply(int status, std::string code, std::string message) const;
  [[nodiscard]] Reply answer(const Request& request, std::string_view path) const;
  [[nodiscard]] Reply me(const Json& claims) const;
  [[nodiscard]] Reply list(const Request& request) const;

  const std::string url_;
  const BearerCheck tokens_;
  const Clock& clock_;
  const Json users_;
};

}  // namespace azf::emulator
