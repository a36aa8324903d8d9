#include "identity/credential_factory.h"

#include "http/message.h"
#include "identity/caching_credential.h"
#include "identity/client_secret_credential.h"
#include "identity/default_azure_credential.h"
#include "identity/environment_credential.h"
#include "identity/managed_identity_credential.h"
#include "identity/tenant.h"
#include "identity/text.h"
#include "identity/unavailable_credential.h"
#include "identity/workload_identity_credential.h"

#include <algorithm>
#include <array>
#include <utility>

namespace azf::identity {
namespace {

using Created = Result<std::unique_ptr<TokenCredential>>;

Created default_azure(const CredentialOptions& options, const CredentialServices& services) {
  return make_default_azure_credential({.tenant_id = options.tenant_id,
                                        .client_id = options.client_id,
                                        .object_id = options.object_id,
                                        .resource_id = options.resource_id},
                                       services);
}

// Wraps what does not cache by itself.
Created cached(Created created, const CredentialServices& services) {
  if (!created) return created;
  return std::make_unique<CachingCredential>(std::move(*created), services);
}

Created environment(const CredentialOptions& options, const CredentialServices& services) {
  return cached(
      create_environment_credential({.tenant_id = options.tenant_id, .client_id = options.client_id}, services),
      services);
}

Created workload_identity(const CredentialOptions& options, const CredentialServices& services) {
  WorkloadIdentityOptions workload;
  workload.tenant_id = options.tenant_id;
  workload.client_id = options.client_id;
  workload.additionally_allowed_tenants = additionally_allowed_tenants(services.environment);
  return cached(create_workload_identity_credential(std::move(workload), services), services);
}

Created managed_identity(const CredentialOptions& options, const CredentialServices& services) {
  ManagedIdentityOptions identity;
  identity.client_id = options.client_id;
  identity.object_id = options.object_id;
  identity.resource_id = options.resource_id;
  return cached(create_managed_identity_credential(std::move(identity), services), services);
}

Created client_secret(const CredentialOptions& options, const CredentialServices& services) {
  const auto setting = [&](const std::string& option, std::string_view variable) {
    return option.empty() ? std::string(services.environment.get(variable).value_or("")) : option;
  };
  ClientSecretOptions client;
  client.tenant_id = setting(options.tenant_id, "AZURE_TENANT_ID");
  client.client_id = setting(options.client_id, "AZURE_CLIENT_ID");
  auto secret = services.environment.get_secret("AZURE_CLIENT_SECRET");
  if (!secret) return Error{ErrorKind::kInvalidArgument, "AZURE_CLIENT_SECRET is not set"};
  client.client_secret = std::move(*secret);
  client.additionally_allowed_tenants = additionally_allowed_tenants(services.environment);
  return cached(create_client_secret_credential(std::move(client), services), services);
}

struct Row {
  std::string_view name;
  Created (*create)(const CredentialOptions&, const CredentialServices&);
  bool takes_managed_identity_ids = false;
};

constexpr std::array kCredentials = {
    Row{"DefaultAzureCredential", default_azure, true},   Row{"EnvironmentCredential", environment},
    Row{"WorkloadIdentityCredential", workload_identity}, Row{"ManagedIdentityCredential", managed_identity, true},
    Row{"ClientSecretCredential", client_secret},
};

}  // namespace

std::vector<std::string_view> credential_names() {
  std::vector<std::string_view> names;
  names.reserve(kCredentials.size());
  for (const Row& row : kCredentials) names.push_back(row.name);
  return names;
}

Result<std::unique_ptr<TokenCredential>> create_credential(std::string_view name, const CredentialOptions& options,
                                                           const CredentialServices& services) {
  const auto row = std::find_if(kCredentials.begin(), kCredentials.end(),
                                [&](const Row& each) { return equal_ignoring_case(each.name, name); });
  if (row == kCredentials.end()) {
    std::string known;
    for (const std::string_view each : credential_names()) known.append(known.empty() ? "" : ", ").append(each);
    return Error{ErrorKind::kInvalidArgument, "unknown credential " + printable(name, 100) + "; known are " + known};
  }
  if (!row->takes_managed_identity_ids && !(options.object_id.empty() && options.resource_id.empty())) {
    return Error{ErrorKind::kInvalidArgument,
                 std::string(row->name) + ": object id and resource id are for managed identities only"};
  }

  auto created = row->create(options, services);
  if (created) return created;
  if (created.error().kind != ErrorKind::kCredentialUnavailable) {
    return with_context(std::move(created).error(), row->name);
  }
  return std::make_unique<UnavailableCredential>(std::string(row->name), std::move(created).error());
}

}  // namespace azf::identity
