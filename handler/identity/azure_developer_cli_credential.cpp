#include "identity/azure_developer_cli_credential.h"

#include "core/base64.h"
#include "identity/developer_tool.h"
#include "identity/tool_output.h"

#include <optional>
#include <utility>

namespace azf::identity {
namespace {

// With `--output json` its messages are JSON too, some on one stream and some on the other.
std::string own_words(const ProcessOutput& output) {
  std::string message = azure_developer_cli_message(output.standard_error);
  const std::string printed = azure_developer_cli_message(output.standard_output.expose());
  if (!printed.empty()) message.append(message.empty() ? "" : " ").append(printed);
  return message.empty() ? output.standard_error : message;
}

std::optional<Refusal> judge(const ProcessOutput& /*output*/, const std::string& message) {
  if (message.find("unknown flag: --claims") == std::string::npos) return std::nullopt;
  return Refusal{.kind = ErrorKind::kCredentialUnavailable,
                 .problem = Problem::kToolFailed,
                 .reason = "this version of the Azure Developer CLI cannot answer a claims challenge",
                 .next_step = "upgrade it to version 1.18.1 or later (https://aka.ms/azd-install)"};
}

}  // namespace

Result<std::unique_ptr<TokenCredential>> create_azure_developer_cli_credential(AzureDeveloperCliOptions options,
                                                                               const CredentialServices& services) {
  DeveloperTool tool;
  tool.credential = "AzureDeveloperCliCredential";
  tool.title = "Azure Developer CLI";
  tool.program = "azd";
  tool.command = "azd auth token";
  tool.install =
      "install the Azure Developer CLI (https://aka.ms/azd-install) and run `azd auth login`, or choose another "
      "credential";
  tool.login = "azd auth login";
  tool.login_tenant_option = "--tenant-id";
  tool.login_signs = {"azd auth login"};
  tool.one_scope = false;
  tool.tenant_id = std::move(options.tenant_id);
  tool.additionally_allowed_tenants = std::move(options.additionally_allowed_tenants);
  tool.timeout = options.process_timeout;
  tool.login_file = tool_folder(services.environment, "AZD_CONFIG_DIR", ".azd") + "/auth.json";
  tool.arguments = [](const TokenRequestContext& context, const std::string& tenant_id) {
    std::vector<std::string> arguments = {"auth", "token", "--output", "json", "--no-prompt"};
    for (const std::string& scope : context.scopes) arguments.insert(arguments.end(), {"--scope", scope});
    if (!tenant_id.empty()) arguments.insert(arguments.end(), {"--tenant-id", tenant_id});
    if (!context.claims.empty()) arguments.insert(arguments.end(), {"--claims", to_base64(context.claims)});
    return arguments;
  };
  tool.variables = {{"NO_COLOR", "1"}};
  tool.parse = parse_azure_developer_cli_output;
  tool.message = own_words;
  tool.judge = judge;
  return create_developer_tool_credential(std::move(tool), services);
}

}  // namespace azf::identity
