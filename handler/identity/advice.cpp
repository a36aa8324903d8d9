#include "identity/advice.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

namespace azf::identity {
namespace {

// The first rows stand in the order of `Problem`. The numbers are those of the Microsoft Entra documentation,
// "Authentication and authorization error codes", that users of applications, federation and tools meet most.
constexpr auto kTable = std::to_array<Advice>({
    {"not_configured", "the settings that this credential needs are not there",
     "set the variables that it looks for, or choose another credential"},
    {"invalid_setting", "a setting is there, and cannot be right", "correct the setting that the reason names"},
    {"invalid_request", "scopes, tenant or claims of the request cannot be right",
     "ask for exactly what the reason says; a scope is a resource followed by /.default"},
    {"retired_method", "a way to sign in that Microsoft has withdrawn",
     "use a managed identity, a federated credential, a certificate or a client secret instead"},
    {"tenant_not_allowed", "the request names a tenant that this credential may not ask",
     "add the tenant, or * for all, to AZURE_ADDITIONALLY_ALLOWED_TENANTS"},
    {"token_file_unusable", "the file with the federated token is missing, empty or unreadable",
     "let AZURE_FEDERATED_TOKEN_FILE name a readable file that its issuer renews"},
    {"certificate_unusable", "certificate or private key cannot be loaded",
     "check the file: one RSA key with its certificate, as PEM or PFX, and its password"},
    {"assertion_failed", "whoever should make the client assertion did not",
     "check the callback, file or command that the reason names"},
    {"pipeline_refused", "Azure Pipelines gave no OIDC token",
     "check the id of the service connection and that the pipeline may use it; map SYSTEM_ACCESSTOKEN into the step"},
    {"authority_unreachable", "Microsoft Entra gave no answer",
     "check network, proxy (HTTPS_PROXY, NO_PROXY) and DNS; `handler doctor` tries each of them"},
    {"authority_refused", "Microsoft Entra refused without a number that this program knows",
     "look the error up by its correlation id in the tenant's sign-in log"},
    {"server_not_trusted", "the server's TLS certificate is not trusted, or is not the pinned one",
     "let SSL_CERT_FILE name the certificates to trust; behind a proxy that opens TLS, those of the proxy"},
    {"unexpected_reply", "an answer came, and is not what the protocol promises",
     "something else may answer at this address, such as a proxy or a captive portal: check address and proxy"},
    {"throttled", "too many requests: the service asks to wait",
     "wait as long as the reason says; share one credential object, so that its cache is shared"},
    {"clock_skew", "this machine's clock differs from the server's",
     "set the clock (`timedatectl`, `chronyc tracking`); tokens and assertions are valid for minutes"},
    {"imds_unreachable", "nothing answers at the address of the Instance Metadata Service",
     "outside Azure this is normal: use another credential; on a virtual machine set "
     "AZURE_TOKEN_CREDENTIALS=ManagedIdentityCredential to wait longer"},
    {"imds_foreign", "something else answers at the address of the Instance Metadata Service",
     "outside Azure this is normal (Docker Desktop, other clouds, proxies): use another credential"},
    {"identity_not_found", "this resource has no such managed identity",
     "turn on the system-assigned identity, or assign the user-assigned one and name it by its id"},
    {"identity_endpoint_unreachable",
     "the hosting platform's identity endpoint gave no answer, or only errors of its own",
     "restart the app; if it stays, look at the platform's health"},
    {"identity_endpoint_refused", "the hosting platform's identity endpoint refused",
     "check that the identity is assigned to this app, and that the scope names an existing resource"},
    {"arc_key_unusable", "the key file that Azure Arc's agent named is refused or cannot be read",
     "add the user of this program to the group himds, and check that the agent is healthy (`azcmagent show`)"},
    {"tool_not_found", "the developer tool is not installed, or not on PATH",
     "install it, or choose another credential"},
    {"tool_login_required", "nobody is logged in with the developer tool, or the login has ended",
     "log in: `az login`, `azd auth login` or `Connect-AzAccount`"},
    {"tool_timed_out", "the developer tool took too long",
     "run it once by hand, as its first start is slow; or raise AZF_TOOL_TIMEOUT_SECONDS"},
    {"tool_failed", "the developer tool ended with an error", "run the same command by hand to see more"},
    {"tool_output_unusable", "the developer tool printed something else than a token",
     "upgrade the tool, and check that no script of the same name stands before it on PATH"},
    {"claims_need_login", "a policy of the tenant asks for a new login (claims challenge)",
     "log in again with the command that the reason gives"},
    {"device_login_not_completed", "nobody finished the device code login in time",
     "start again, open the address shown and enter the code"},
    {"identity_pinned", "the token is for another identity than AZF_IDENTITY_PIN allows",
     "find out which settings select this identity; change them, or the pin"},
    {"wrong_audience", "a service did not accept the token (401)",
     "check that the scope is the service's own, and that the resource trusts the token's tenant"},
    {"missing_role", "a service accepted the token, but not what it may do (403)",
     "assign a role of that service to the principal, and wait some minutes until it holds"},
    {"deadline_passed", "the caller's time was up", "give the call more time; see how long each attempt took"},
    {"internal", "a failure of this program", "report it with the log"},

    {"AADSTS50013", "the user's token is not accepted as an assertion",
     "hand on the token that this application was called with: its audience must be this application"},
    {"AADSTS50020", "the account is of another tenant or identity provider, and no guest here",
     "log in to the tenant that you need (`az login --tenant`), or have the account invited as a guest"},
    {"AADSTS50034", "the user is not in this tenant", "check the account and AZURE_TENANT_ID"},
    {"AADSTS50049", "this authority host is not known", "check AZURE_AUTHORITY_HOST"},
    {"AADSTS50057", "the account is disabled", "use another account, or ask the tenant's administrator"},
    {"AADSTS50059", "no tenant was named", "set AZURE_TENANT_ID to the id of your tenant"},
    {"AADSTS50076", "multi-factor authentication is required", "log in again"},
    {"AADSTS50078", "multi-factor authentication has expired", "log in again"},
    {"AADSTS50079", "multi-factor authentication must be set up", "log in again, and set it up"},
    {"AADSTS50105", "the account is not assigned to the application", "let an administrator assign it"},
    {"AADSTS50158", "another step of authentication is required", "log in again"},
    {"AADSTS50173", "the login was revoked, as after a change of password", "log in again"},
    {"AADSTS50196", "too many equal requests", "reuse tokens instead of asking anew: share one credential object"},
    {"AADSTS53000", "a policy demands a managed device", "log in from a compliant device"},
    {"AADSTS53003", "a conditional access policy blocks this",
     "log in again from an allowed place, or ask the tenant's administrator"},
    {"AADSTS65001", "consent is missing", "let an administrator grant the application the permissions it asks for"},
    {"AADSTS70008", "the login has ended after too long a pause", "log in again"},
    {"AADSTS70011", "the scope is not valid", "write the scope as a resource followed by /.default"},
    {"AADSTS70016", "the device code login is still waiting", "open the address shown and enter the code"},
    {"AADSTS70021", "no federated credential of the application matches the token",
     "compare issuer, subject and audience of the token with the application's federated credentials"},
    {"AADSTS70043", "the login has ended by a sign-in frequency policy", "log in again"},
    {"AADSTS90002", "there is no such tenant in this cloud", "check AZURE_TENANT_ID and AZURE_AUTHORITY_HOST"},
    {"AADSTS500011", "the resource is not in this tenant", "check the scope, and AZURE_TENANT_ID"},
    {"AADSTS500133", "the user's token has ended", "call again with a fresh token of the user"},
    {"AADSTS700016", "the application is not in this tenant",
     "check AZURE_CLIENT_ID, AZURE_TENANT_ID and the cloud (AZURE_AUTHORITY_HOST)"},
    {"AADSTS700024", "the assertion is outside its time window",
     "check this machine's clock, and that the federated token's file is renewed"},
    {"AADSTS700027", "the signature of the assertion is not accepted",
     "register this certificate's thumbprint with the application"},
    {"AADSTS700082", "the login has ended after too long a pause", "log in again"},
    {"AADSTS700211", "no federated credential of the application matches the token's issuer",
     "compare the token's iss with the application's federated credentials"},
    {"AADSTS700212", "no federated credential of the application matches the token's audience",
     "compare the token's aud with the application's federated credentials"},
    {"AADSTS700213", "no federated credential of the application matches the token's subject",
     "compare the token's sub with the application's federated credentials"},
    {"AADSTS1002012", "the scope is not valid for an application",
     "write the scope as a resource followed by /.default"},
    {"AADSTS7000112", "the application is disabled", "enable it in its tenant, or use another one"},
    {"AADSTS7000215", "the client secret is wrong", "use the secret's value, not its id"},
    {"AADSTS7000222", "the client secret has expired", "create a new one, or use a managed identity"},
});

constexpr std::string_view kPrefix = "AADSTS";

const Advice* find(std::string_view code) {
  const auto row = std::find_if(kTable.begin(), kTable.end(), [&](const Advice& each) { return each.code == code; });
  return row == kTable.end() ? nullptr : &*row;
}

}  // namespace

std::string_view to_string(Problem problem) { return kTable.at(static_cast<std::size_t>(problem)).code; }

std::span<const Advice> troubleshooting_table() { return kTable; }

std::string_view next_step_for(std::string_view code) {
  const Advice* row = find(code);
  return row == nullptr ? std::string_view() : row->next_step;
}

std::string aadsts_code(const std::vector<int>& error_codes) {
  std::string first;
  for (const int number : error_codes) {
    std::string code = std::string(kPrefix) + std::to_string(number);
    if (find(code) != nullptr) return code;
    if (first.empty()) first = std::move(code);
  }
  return first;
}

}  // namespace azf::identity
