#include "identity/environment_credential.h"

#include "identity/client_secret_credential.h"
#include "identity/tenant.h"

#include <initializer_list>
#include <string_view>
#include <utility>

namespace azf::identity {
namespace {

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

  const auto unavailable = [](std::string why) { return Error{ErrorKind::kCredentialUnavailable, std::move(why)}; };
  if (options.tenant_id.empty() || options.client_id.empty() || !secret) {
    if (!secret && environment.has("AZURE_CLIENT_CERTIFICATE_PATH")) {
      return unavailable(
          "AZURE_CLIENT_CERTIFICATE_PATH is set, but this version cannot use certificates; set AZURE_CLIENT_SECRET or "
          "use a managed identity");
    }
    if (!secret && environment.has("AZURE_USERNAME")) {
      return unavailable(
          "AZURE_USERNAME is set, but signing in with a user's password is retired and not supported; set "
          "AZURE_CLIENT_SECRET or use a managed identity");
    }
    return unavailable("not configured (" +
                       inventory({{"AZURE_TENANT_ID", !options.tenant_id.empty()},
                                  {"AZURE_CLIENT_ID", !options.client_id.empty()},
                                  {"AZURE_CLIENT_SECRET", secret.has_value()}}) +
                       ")");
  }

  ClientSecretOptions client;
  client.tenant_id = std::move(options.tenant_id);
  client.client_id = std::move(options.client_id);
  client.client_secret = std::move(*secret);
  client.additionally_allowed_tenants = additionally_allowed_tenants(environment);
  client.credential = "EnvironmentCredential";
  return create_client_secret_credential(std::move(client), services);
}

}  // namespace azf::identity
