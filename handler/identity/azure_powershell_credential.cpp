#include "identity/azure_powershell_credential.h"

#include "core/base64.h"
#include "identity/developer_tool.h"
#include "identity/token_endpoint.h"
#include "identity/tool_output.h"

#include <optional>
#include <utility>

namespace azf::identity {
namespace {

// What the script prints instead of a token where the module is missing.
constexpr std::string_view kNoModule = "azf: no Az.Accounts";

// Get-AzAccessToken gives text, or a secure string: on request from Az.Accounts 2.17 on, always from 5.0 on.
std::string script(const std::string& resource, const std::string& tenant_id) {
  std::string text =
      "$ErrorActionPreference = 'Stop'\n"
      "$ProgressPreference = 'SilentlyContinue'\n"
      "$module = @(Import-Module Az.Accounts -MinimumVersion 2.2.0 -PassThru -ErrorAction SilentlyContinue)[0]\n"
      "if ($null -eq $module) { Write-Output '";
  text.append(kNoModule).append(
      "'; exit 1 }\n"
      "$request = @{ ResourceUrl = '");
  text.append(resource).append("' }\n");
  if (!tenant_id.empty()) text.append("$request.TenantId = '").append(tenant_id).append("'\n");
  text.append(
      "if ($module.Version -ge [version]'2.17.0' -and $module.Version -lt [version]'5.0.0') {\n"
      "  $request.AsSecureString = $true\n"
      "}\n"
      "$reply = Get-AzAccessToken @request\n"
      "$token = $reply.Token\n"
      "if ($token -is [securestring]) { $token = [System.Net.NetworkCredential]::new('', $token).Password }\n"
      "@{ Token = $token; ExpiresOn = $reply.ExpiresOn.ToUnixTimeSeconds() } | ConvertTo-Json -Compress\n");
  return text;
}

// UTF-16, little endian, of a text that is all ASCII.
std::string to_utf16(std::string_view ascii) {
  std::string units;
  units.reserve(ascii.size() * 2);
  for (const char c : ascii) units.append({c, '\0'});
  return units;
}

std::optional<Refusal> judge(const ProcessOutput& output, const std::string& /*message*/) {
  if (output.standard_output.expose().find(kNoModule) == std::string_view::npos) return std::nullopt;
  return Refusal{.kind = ErrorKind::kCredentialUnavailable,
                 .problem = Problem::kToolNotFound,
                 .reason = "the PowerShell module Az.Accounts 2.2.0 or later is not installed",
                 .next_step = "run `Install-Module Az.Accounts` and `Connect-AzAccount` in pwsh"};
}

}  // namespace

Result<std::unique_ptr<TokenCredential>> create_azure_powershell_credential(AzurePowerShellOptions options,
                                                                            const CredentialServices& services) {
  DeveloperTool tool;
  tool.credential = "AzurePowerShellCredential";
  tool.title = "Azure PowerShell";
  tool.program = "pwsh";
  tool.command = "Get-AzAccessToken";
  tool.install =
      "install PowerShell (https://aka.ms/powershell) and its module Az.Accounts, and run `Connect-AzAccount`; or "
      "choose another credential";
  tool.login = "Connect-AzAccount";
  tool.login_tenant_option = "-Tenant";
  tool.login_claims_option = "-ClaimsChallenge";
  tool.login_signs = {"Connect-AzAccount"};
  tool.tenant_id = std::move(options.tenant_id);
  tool.additionally_allowed_tenants = std::move(options.additionally_allowed_tenants);
  tool.timeout = options.process_timeout;
  tool.login_file = tool_folder(services.environment, "", ".Azure") + "/AzureRmContext.json";
  tool.arguments = [](const TokenRequestContext& context, const std::string& tenant_id) {
    const auto resource = resource_of(context.scopes);
    return std::vector<std::string>{
        "-NoProfile", "-NonInteractive", "-OutputFormat",
        "Text",       "-EncodedCommand", to_base64(to_utf16(script(resource ? *resource : "", tenant_id)))};
  };
  tool.variables = {{"NO_COLOR", "1"}, {"POWERSHELL_UPDATECHECK", "Off"}};
  tool.parse = parse_azure_powershell_output;
  tool.judge = judge;
  return create_developer_tool_credential(std::move(tool), services);
}

}  // namespace azf::identity
