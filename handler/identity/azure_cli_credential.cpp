#include "identity/azure_cli_credential.h"

#include "identity/developer_tool.h"
#include "identity/tool_output.h"

#include <algorithm>
#include <utility>

namespace azf::identity {
namespace {

bool may_stand_in_subscription(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == '_' || c == ' ';
}

}  // namespace

Result<std::unique_ptr<TokenCredential>> create_azure_cli_credential(AzureCliOptions options,
                                                                     const CredentialServices& services) {
  if (options.subscription.starts_with('-') || !std::ranges::all_of(options.subscription, may_stand_in_subscription)) {
    return Error{ErrorKind::kInvalidArgument,
                 "invalid subscription: letters, digits, blanks and . - _ only, not beginning with -; where its name "
                 "has others, give its id (`az account list`)"};
  }

  DeveloperTool tool;
  tool.credential = "AzureCliCredential";
  tool.title = "Azure CLI";
  tool.program = "az";
  tool.command = "az account get-access-token";
  tool.install = "install the Azure CLI (https://aka.ms/azure-cli) and run `az login`, or choose another credential";
  tool.login = "az login";
  tool.login_tenant_option = "--tenant";
  tool.login_claims_option = "--claims-challenge";
  tool.login_signs = {"az login", "az account set"};
  tool.tenant_id = std::move(options.tenant_id);
  tool.additionally_allowed_tenants = std::move(options.additionally_allowed_tenants);
  tool.timeout = options.process_timeout;
  tool.account = options.subscription;
  tool.login_file = tool_folder(services.environment, "AZURE_CONFIG_DIR", ".azure") + "/azureProfile.json";
  tool.arguments = [subscription = std::move(options.subscription)](const TokenRequestContext& context,
                                                                    const std::string& tenant_id) {
    std::vector<std::string> arguments = {"account", "get-access-token", "--output",
                                          "json",    "--scope",          context.scopes.front()};
    if (!tenant_id.empty()) arguments.insert(arguments.end(), {"--tenant", tenant_id});
    if (!subscription.empty()) arguments.insert(arguments.end(), {"--subscription", subscription});
    return arguments;
  };
  tool.variables = {{"AZURE_CORE_NO_COLOR", "true"}};
  tool.parse = [](std::string_view output, SystemTime now) {
    return parse_azure_cli_output(output, now, instant_of_local_clock);
  };
  return create_developer_tool_credential(std::move(tool), services);
}

}  // namespace azf::identity
