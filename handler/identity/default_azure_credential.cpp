#include "identity/default_azure_credential.h"

#include "http/message.h"
#include "identity/azure_cli_credential.h"
#include "identity/azure_developer_cli_credential.h"
#include "identity/azure_powershell_credential.h"
#include "identity/caching_credential.h"
#include "identity/chained_token_credential.h"
#include "identity/environment_credential.h"
#include "identity/managed_identity_credential.h"
#include "identity/pinned_credential.h"
#include "identity/tenant.h"
#include "identity/text.h"
#include "identity/unavailable_credential.h"
#include "identity/workload_identity_credential.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace azf::identity {
namespace {

constexpr std::string_view kVariable = "AZURE_TOKEN_CREDENTIALS";

using Created = Result<std::unique_ptr<TokenCredential>>;

/// What a member is made from, and whether there are others to turn to.
struct Setting {
  const DefaultAzureCredentialOptions& options;
  const CredentialServices& services;
  bool alone = false;

  [[nodiscard]] std::vector<std::string> allowed_tenants() const {
    auto tenants = additionally_allowed_tenants(services.environment);
    tenants.insert(tenants.end(), options.additionally_allowed_tenants.begin(),
                   options.additionally_allowed_tenants.end());
    return tenants;
  }
};

Created environment(const Setting& setting) {
  EnvironmentCredentialOptions member;
  member.tenant_id = setting.options.tenant_id;
  member.client_id = setting.options.client_id;
  member.authority_host = setting.options.authority_host;
  member.additionally_allowed_tenants = setting.options.additionally_allowed_tenants;
  return create_environment_credential(std::move(member), setting.services);
}

Created workload_identity(const Setting& setting) {
  WorkloadIdentityOptions member;
  member.tenant_id = setting.options.tenant_id;
  member.client_id = setting.options.client_id;
  member.authority_host = setting.options.authority_host;
  member.additionally_allowed_tenants = setting.allowed_tenants();
  return create_workload_identity_credential(std::move(member), setting.services);
}

Created managed_identity(const Setting& setting) {
  ManagedIdentityOptions member;
  member.client_id = setting.options.client_id;
  member.object_id = setting.options.object_id;
  member.resource_id = setting.options.resource_id;
  member.probe_imds = !setting.alone;
  if (member.client_id.empty() && member.object_id.empty() && member.resource_id.empty()) {
    member.client_id = setting.services.environment.get("AZURE_CLIENT_ID").value_or("");
  }
  return create_managed_identity_credential(std::move(member), setting.services);
}

// The three tools take the same options.
template <typename Options, Created (*create)(Options, const CredentialServices&)>
Created tool(const Setting& setting) {
  Options member;
  member.tenant_id = setting.options.tenant_id;
  member.additionally_allowed_tenants = setting.allowed_tenants();
  member.process_timeout = setting.options.process_timeout;
  return create(std::move(member), setting.services);
}

struct Member {
  std::string_view name;
  std::string_view group;  // the value of the variable that selects it and others
  Created (*create)(const Setting&);
};

// In the order in which they are asked: that of the SDKs for Python, .NET and JavaScript.
constexpr std::array kMembers = {
    Member{"EnvironmentCredential", "prod", environment},
    Member{"WorkloadIdentityCredential", "prod", workload_identity},
    Member{"ManagedIdentityCredential", "prod", managed_identity},
    Member{"AzureCliCredential", "dev", tool<AzureCliOptions, create_azure_cli_credential>},
    Member{"AzurePowerShellCredential", "dev", tool<AzurePowerShellOptions, create_azure_powershell_credential>},
    Member{"AzureDeveloperCliCredential", "dev", tool<AzureDeveloperCliOptions, create_azure_developer_cli_credential>},
};

// What the variable may name for other Azure SDKs.
constexpr std::array<std::string_view, 4> kElsewhere = {"VisualStudioCredential", "VisualStudioCodeCredential",
                                                        "InteractiveBrowserCredential", "BrokerCredential"};

std::string member_names() {
  std::string names;
  for (const Member& member : kMembers) names.append(names.empty() ? "" : ", ").append(member.name);
  return names;
}

Error not_selectable(std::string_view value) {
  const bool known =
      std::ranges::any_of(kElsewhere, [&](std::string_view name) { return equal_ignoring_case(name, value); });
  return {ErrorKind::kInvalidArgument, std::string(kVariable) + " is " + printable(value, 100) +
                                           (known ? ", which this program does not support" : ", which is unknown") +
                                           "; allowed are prod, dev, " + member_names()};
}

Result<std::vector<Member>> selected(const DefaultAzureCredentialOptions& options, const Environment& environment) {
  const std::string_view value = trimmed(environment.get(kVariable).value_or(""));
  if (value.empty() && options.require_token_credentials_variable) {
    return Error{ErrorKind::kInvalidArgument,
                 std::string(kVariable) + " must be set: to prod, dev, or one of " + member_names()};
  }
  std::vector<Member> members;
  for (const Member& member : kMembers) {
    if (value.empty() || equal_ignoring_case(member.group, value) || equal_ignoring_case(member.name, value)) {
      members.push_back(member);
    }
  }
  if (members.empty()) return not_selectable(value);

  for (const std::string& excluded : options.excluded_credentials) {
    const auto is_excluded = [&](const Member& member) { return equal_ignoring_case(member.name, excluded); };
    if (std::ranges::none_of(kMembers, is_excluded)) {
      return Error{ErrorKind::kInvalidArgument,
                   "cannot exclude " + printable(excluded, 100) + ", which is none of " + member_names()};
    }
    std::erase_if(members, is_excluded);
  }
  if (members.empty()) {
    return Error{ErrorKind::kInvalidArgument,
                 "every credential is excluded: at least one credential type must be included"};
  }
  return members;
}

}  // namespace

Result<std::unique_ptr<TokenCredential>> make_default_azure_credential(const DefaultAzureCredentialOptions& options,
                                                                       const CredentialServices& services) {
  const auto members = selected(options, services.environment);
  if (!members) return members.error();

  const Setting setting{options, services, members->size() == 1};
  std::vector<std::unique_ptr<TokenCredential>> sources;
  for (const Member& member : *members) {
    auto created = member.create(setting);
    sources.push_back(created ? std::move(*created)
                              : std::make_unique<UnavailableCredential>(std::string(member.name), created.error()));
  }
  auto pinned = apply_identity_pin(
      std::make_unique<ChainedTokenCredential>("DefaultAzureCredential", std::move(sources),
                                               ChainedTokenCredential::Memory::kFirstSuccess, services),
      services);
  if (!pinned) return std::move(pinned).error();
  return std::make_unique<CachingCredential>(*std::move(pinned), services);
}

}  // namespace azf::identity
