#include "identity/environment_credential.h"

#include "identity/client_certificate_credential.h"
#include "identity/client_secret_credential.h"
#include "identity/tenant.h"
#include "identity/text.h"
#include "identity/unavailable_credential.h"

#include <initializer_list>
#include <string_view>
#include <utility>

namespace azf::identity {
namespace {

constexpr std::string_view kName = "EnvironmentCredential";

// `set: A, B; missing: C`.
std::string inventory(std::initializer_list<std::pair<std::string_view, bool>> variables) {
  std::string set;
  std::string missing;
  for (const auto& [name, is_set] : variables) {
    std::string& list = is_set ? set : missing;
    list.append(list.empty() ? "" : ", ").append(name);
  }
  return "set: " + (set.empty() ? "none" : set) + "; missing: " + (missing.empty() ? "none" : missing);
}

}  // namespace

Result<std::unique_ptr<TokenCredential>> create_environment_credential(EnvironmentCredentialOptions options,
                                                                       const CredentialServices& services) {
  const Environment& environment = services.environment;
  if (options.tenant_id.empty()) options.tenant_id = environment.get("AZURE_TENANT_ID").value_or("");
  if (options.client_id.empty()) options.client_id = environment.get("AZURE_CLIENT_ID").value_or("");
  auto secret = environment.get_secret("AZURE_CLIENT_SECRET");
  const std::string_view certificate = environment.get("AZURE_CLIENT_CERTIFICATE_PATH").value_or("");
  const bool has_proof = secret || !certificate.empty();

  if (!has_proof && environment.has("AZURE_USERNAME")) {
    return std::make_unique<UnavailableCredential>(
        std::string(kName),
        Error{ErrorKind::kCredentialUnavailable,
              "AZURE_USERNAME is set, but signing in with a user's password is retired and not supported"},
        Problem::kRetiredMethod);
  }
  if (options.tenant_id.empty() || options.client_id.empty() || !has_proof) {
    const std::string_view proof = !secret && !certificate.empty() ? "AZURE_CLIENT_CERTIFICATE_PATH"
                                   : secret                        ? "AZURE_CLIENT_SECRET"
                                            : "AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH";
    return Error{ErrorKind::kCredentialUnavailable, "not configured (" +
                                                        inventory({{"AZURE_TENANT_ID", !options.tenant_id.empty()},
                                                                   {"AZURE_CLIENT_ID", !options.client_id.empty()},
                                                                   {proof, has_proof}}) +
                                                        ")"};
  }
  auto allowed = additionally_allowed_tenants(environment);
  allowed.insert(allowed.end(), options.additionally_allowed_tenants.begin(),
                 options.additionally_allowed_tenants.end());
  if (secret) {
    ClientSecretOptions client;
    client.tenant_id = std::move(options.tenant_id);
    client.client_id = std::move(options.client_id);
    client.client_secret = std::move(*secret);
    client.authority_host = std::move(options.authority_host);
    client.additionally_allowed_tenants = std::move(allowed);
    client.credential = kName;
    return create_client_secret_credential(std::move(client), services);
  }
  ClientCertificateOptions client;
  client.tenant_id = std::move(options.tenant_id);
  client.client_id = std::move(options.client_id);
  client.certificate_path = certificate;
  client.password = environment.get_secret("AZURE_CLIENT_CERTIFICATE_PASSWORD").value_or(Secret());
  client.send_certificate_chain = is_on(environment.get("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN").value_or(""));
  client.load_at_creation = false;
  client.authority_host = std::move(options.authority_host);
  client.additionally_allowed_tenants = std::move(allowed);
  client.credential = kName;
  return create_client_certificate_credential(std::move(client), services);
}

}  // namespace azf::identity
