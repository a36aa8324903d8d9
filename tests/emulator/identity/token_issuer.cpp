#include "emulator/identity/token_issuer.h"

#include "emulator/wire/coding.h"

#include <algorithm>
#include <utility>

namespace azf::emulator {
namespace {

bool is_client_id(std::string_view resource) {
  return resource.size() == 36 && std::count(resource.begin(), resource.end(), '-') == 4 &&
         resource.find_first_of(":/") == std::string_view::npos;
}

}  // namespace

TokenIssuer::TokenIssuer(std::string authority, std::string tenant_id, const SigningKey& key, const Clock& clock)
    : authority_(std::move(authority)), tenant_id_(std::move(tenant_id)), key_(key), clock_(clock) {}

std::string TokenIssuer::v1_issuer() const { return "https://sts.windows.net/" + tenant_id_ + "/"; }
std::string TokenIssuer::v2_issuer() const { return authority_ + "/" + tenant_id_ + "/v2.0"; }

Json TokenIssuer::access_claims(const Principal& client, std::string_view resource, ClientProof proof,
                                std::chrono::seconds lifetime) const {
  const bool v2 = is_client_id(resource);
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.system_now()).time_since_epoch();
  Json claims{{"aud", std::string(resource)},
              {"iss", v2 ? v2_issuer() : v1_issuer()},
              {"iat", now.count()},
              {"nbf", now.count()},
              {"exp", (now + lifetime).count()},
              {"aio", to_base64url(random_bytes(24))},
              {"tid", tenant_id_},
              {"uti", to_base64url(random_bytes(16))},
              {"ver", v2 ? "2.0" : "1.0"}};
  claims[v2 ? "azp" : "appid"] = client.client_id;
  claims[v2 ? "azpacr" : "appidacr"] = std::to_string(static_cast<int>(proof));
  if (!v2) claims["idp"] = v1_issuer();
  return claims;
}

std::string TokenIssuer::issue(const Principal& principal, std::string_view resource, ClientProof proof,
                               std::chrono::seconds lifetime) const {
  Json claims = access_claims(principal, resource, proof, lifetime);
  claims["idtyp"] = "app";
  claims["oid"] = principal.object_id;
  claims["sub"] = principal.object_id;
  if (!principal.resource_id.empty()) claims["xms_mirid"] = principal.resource_id;
  return key_.signed_jwt(claims);
}

std::string TokenIssuer::issue_delegated(const User& user, const Principal& client, std::string_view resource,
                                         std::string_view scopes, ClientProof proof,
                                         std::chrono::seconds lifetime) const {
  Json claims = access_claims(client, resource, proof, lifetime);
  claims["idtyp"] = "user";
  claims["oid"] = user.object_id;
  // Of one user, another one for each client.
  claims["sub"] = to_base64url(user.object_id + client.client_id);
  claims["scp"] = std::string(scopes);
  claims["name"] = user.display_name;
  claims["upn"] = user.principal_name;
  return key_.signed_jwt(claims);
}

std::string TokenIssuer::issue_id_token(const User& user, const Principal& client,
                                        std::chrono::seconds lifetime) const {
  const auto now = std::chrono::floor<std::chrono::seconds>(clock_.system_now()).time_since_epoch();
  return key_.signed_jwt({{"aud", client.client_id},
                          {"iss", v2_issuer()},
                          {"iat", now.count()},
                          {"nbf", now.count()},
                          {"exp", (now + lifetime).count()},
                          {"name", user.display_name},
                          {"oid", user.object_id},
                          {"preferred_username", user.principal_name},
                          {"sub", to_base64url(user.object_id + client.client_id)},
                          {"tid", tenant_id_},
                          {"ver", "2.0"}});
}

}  // namespace azf::emulator
