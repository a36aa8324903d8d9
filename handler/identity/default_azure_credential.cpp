#include "identity/default_azure_credential.h"

#include "http/message.h"
#include "identity/caching_credential.h"
#include "identity/chained_token_credential.h"
#include "identity/environment_credential.h"
#include "identity/managed_identity_credential.h"
#include "identity/tenant.h"
#include "identity/text.h"
#include "identity/unavailable_credential.h"
#include "identity/workload_identity_credential.h"

#include <array>
#include <string_view>
#include <utility>
#include <vector>

namespace azf::identity {
namespace {

constexpr std::string_view kVariable = "AZURE_TOKEN_CREDENTIALS";

using Created = Result<std::unique_ptr<TokenCredential>>;

Created environment_member(const DefaultAzureCredentialOptions& options, const CredentialServices& services) {
  return create_environment_credential({.tenant_id = options.tenant_id, .client_id = options.client_id}, services);
}

Created workload_identity_member(const DefaultAzureCredentialOptions& options, const CredentialServices& services) {
  WorkloadIdentityOptions member;
  member.tenant_id = options.tenant_id;
  member.client_id = options.client_id;
  member.additionally_allowed_tenants = additionally_allowed_tenants(services.environment);
  return create_workload_identity_credential(std::move(member), services);
}

ManagedIdentityOptions managed_identity_of(const DefaultAzureCredentialOptions& options,
                                           const Environment& environment) {
  ManagedIdentityOptions member;
  member.client_id = options.client_id;
  member.object_id = options.object_id;
  member.resource_id = options.resource_id;
  if (member.client_id.empty() && member.object_id.empty() && member.resource_id.empty()) {
    member.client_id = environment.get("AZURE_CLIENT_ID").value_or("");
  }
  return member;
}

Created managed_identity_member(const DefaultAzureCredentialOptions& options, const CredentialServices& services) {
  return create_managed_identity_credential(managed_identity_of(options, services.environment), services);
}

Created probing_managed_identity_member(const DefaultAzureCredentialOptions& options,
                                        const CredentialServices& services) {
  ManagedIdentityOptions member = managed_identity_of(options, services.environment);
  member.probe_imds = true;
  return create_managed_identity_credential(std::move(member), services);
}

struct Member {
  std::string_view name;
  Created (*create)(const DefaultAzureCredentialOptions&, const CredentialServices&);
  /// How it is made where it is the only member.
  Created (*create_alone)(const DefaultAzureCredentialOptions&, const CredentialServices&);
};

// All members of production, in the order in which they are asked.
constexpr std::array kMembers = {
    Member{"EnvironmentCredential", environment_member, environment_member},
    Member{"WorkloadIdentityCredential", workload_identity_member, workload_identity_member},
    Member{"ManagedIdentityCredential", probing_managed_identity_member, managed_identity_member},
};

// What the variable may name for other Azure SDKs.
constexpr std::array<std::string_view, 8> kElsewhere = {"dev",
                                                        "AzureCliCredential",
                                                        "AzureDeveloperCliCredential",
                                                        "AzurePowerShellCredential",
                                                        "VisualStudioCredential",
                                                        "VisualStudioCodeCredential",
                                                        "InteractiveBrowserCredential",
                                                        "BrokerCredential"};

Error not_selectable(std::string_view value) {
  std::string message = std::string(kVariable) + " is ";
  bool known = false;
  for (const std::string_view name : kElsewhere) known = known || equal_ignoring_case(name, value);
  message.append(printable(value, 100)).append(known ? ", which this version does not support" : ", which is unknown");
  message.append("; allowed are prod");
  for (const Member& member : kMembers) message.append(", ").append(member.name);
  return {ErrorKind::kInvalidArgument, std::move(message)};
}

Result<std::vector<Member>> selected(const DefaultAzureCredentialOptions& options, const Environment& environment) {
  const std::string_view value = trimmed(environment.get(kVariable).value_or(""));
  if (value.empty() && options.require_token_credentials_variable) {
    return Error{ErrorKind::kInvalidArgument, std::string(kVariable) + " must be set"};
  }
  if (value.empty() || equal_ignoring_case(value, "prod")) {
    return std::vector<Member>(kMembers.begin(), kMembers.end());
  }
  for (const Member& member : kMembers) {
    if (equal_ignoring_case(member.name, value)) return std::vector<Member>{member};
  }
  return not_selectable(value);
}

}  // namespace

Result<std::unique_ptr<TokenCredential>> make_default_azure_credential(const DefaultAzureCredentialOptions& options,
                                                                       const CredentialServices& services) {
  const auto members = selected(options, services.environment);
  if (!members) return members.error();

  std::vector<std::unique_ptr<TokenCredential>> sources;
  for (const Member& member : *members) {
    auto created = members->size() == 1 ? member.create_alone(options, services) : member.create(options, services);
    sources.push_back(created ? std::move(*created)
                              : std::make_unique<UnavailableCredential>(std::string(member.name), created.error()));
  }
  auto chain = std::make_unique<ChainedTokenCredential>("DefaultAzureCredential", std::move(sources),
                                                        ChainedTokenCredential::Memory::kFirstSuccess, services);
  return std::make_unique<CachingCredential>(std::move(chain), services);
}

}  // namespace azf::identity
