#pragma once

#include "core/json.h"
#include "emulator/identity/token_issuer.h"
#include "emulator/services/stand_in.h"
#include "support/fake_clock.h"

#include <chrono>
#include <string>
#include <string_view>

namespace azf::emulator {

/// A tenant that issues tokens, and requests with them, for tests of one stand-in at a time.
struct ServiceFixture {
  ServiceFixture();

  /// A token of an application.
  [[nodiscard]] std::string token(std::string_view audience,
                                  std::chrono::seconds lifetime = std::chrono::hours(1)) const;
  /// Sends a request; `target` begins with the path below the service's URL.
  static Reply ask(StandIn& service, const std::string& token, const std::string& method, const std::string& target,
                   const std::string& body = "", Headers headers = {});
  /// As `ask`, with a JSON body.
  static Reply post(StandIn& service, const std::string& token, const std::string& target, const Json& body);

  test::FakeClock clock;
  const SigningKey& key;
  const User user{"user-object", "user@emulator.invalid", "A User"};
  const TokenIssuer issuer;
};

/// The body of a reply, which has to be JSON.
Json json_of(const Reply& reply);
/// `/error/code` of such a body.
std::string error_code_of(const Reply& reply);

}  // namespace azf::emulator
