#include "identity/developer_tools_credential.h"

#include "identity/azure_cli_credential.h"
#include "identity/azure_developer_cli_credential.h"
#include "identity/azure_powershell_credential.h"
#include "identity/chained_token_credential.h"
#include "identity/tenant.h"

#include <utility>
#include <vector>

namespace azf::identity {

Result<std::unique_ptr<TokenCredential>> create_developer_tools_credential(const DeveloperToolsOptions& options,
                                                                           const CredentialServices& services) {
  const std::vector<std::string> allowed = additionally_allowed_tenants(services.environment);
  std::vector<Result<std::unique_ptr<TokenCredential>>> members;
  members.push_back(create_azure_cli_credential({.tenant_id = options.tenant_id,
                                                 .additionally_allowed_tenants = allowed,
                                                 .process_timeout = options.process_timeout},
                                                services));
  members.push_back(create_azure_powershell_credential({.tenant_id = options.tenant_id,
                                                        .additionally_allowed_tenants = allowed,
                                                        .process_timeout = options.process_timeout},
                                                       services));
  members.push_back(create_azure_developer_cli_credential({.tenant_id = options.tenant_id,
                                                           .additionally_allowed_tenants = allowed,
                                                           .process_timeout = options.process_timeout},
                                                          services));
  std::vector<std::unique_ptr<TokenCredential>> sources;
  for (auto& member : members) {
    if (!member) return std::move(member).error();
    sources.push_back(std::move(*member));
  }
  return std::make_unique<ChainedTokenCredential>("DeveloperToolsCredential", std::move(sources),
                                                  ChainedTokenCredential::Memory::kFirstSuccess, services);
}

}  // namespace azf::identity
