#pragma once

#include "core/clock.h"
#include "emulator/identity/signing_key.h"

#include <string>
#include <string_view>

namespace azf::emulator {

/// Somebody in the emulated tenant who gets tokens. Value.
struct Principal {
  std::string client_id;
  std::string object_id;
  /// Of a managed identity: the Azure resource that it belongs to, or that it is.
  std::string resource_id;
};

/// A person of the emulated tenant. Value.
struct User {
  std::string object_id;
  std::string principal_name;
  std::string display_name;
};

/// How a client proved who it is, as tokens tell it (`appidacr`, `azpacr`).
enum class ClientProof { kNone = 0, kSecret = 1, kAssertion = 2 };

/// Signs access tokens as Entra makes them for applications (Microsoft identity platform documentation, "Access token
/// claims reference"). Thread-safe.
class TokenIssuer {
 public:
  /// `authority` is the URL of the emulated Entra without a slash at its end. `key` and `clock` outlive the issuer.
  TokenIssuer(std::string authority, std::string tenant_id, const SigningKey& key, const Clock& clock);

  /// A token for `resource`, which becomes the audience letter by letter. An API that is named by its client id gets
  /// a version 2.0 token, any other one a version 1.0 token, as the defaults of app registrations have it.
  [[nodiscard]] std::string issue(const Principal& principal, std::string_view resource, ClientProof proof,
                                  std::chrono::seconds lifetime) const;

  /// The same for a client that acts for `user`, with what it may do there (`scp`).
  [[nodiscard]] std::string issue_delegated(const User& user, const Principal& client, std::string_view resource,
                                            std::string_view scopes, ClientProof proof,
                                            std::chrono::seconds lifetime) const;
  /// Tells `client` who `user` is (OpenID Connect).
  [[nodiscard]] std::string issue_id_token(const User& user, const Principal& client,
                                           std::chrono::seconds lifetime) const;

  [[nodiscard]] const std::string& tenant_id() const { return tenant_id_; }
  [[nodiscard]] const SigningKey& key() const { return key_; }
  /// `iss` of tokens of version 1.0 and 2.0.
  [[nodiscard]] std::string v1_issuer() const;
  [[nodiscard]] std::string v2_issuer() const;

 private:
  // What tokens of applications and of people have in common.
  [[nodiscard]] Json access_claims(const Principal& client, std::string_view resource, ClientProof proof,
                                   std::chrono::seconds lifetime) const;

  const std::string authority_;
  const std::string tenant_id_;
  const SigningKey& key_;
  const Clock& clock_;
};

}  // namespace azf::emulator
