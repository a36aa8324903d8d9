#include "identity/credential_catalog.h"

#include <algorithm>
#include <array>

namespace azf::identity {
namespace {

struct Description {
  std::string_view credential;
  std::string_view looks_for;
};

constexpr auto kDescriptions = std::to_array<Description>({
    {"EnvironmentCredential",
     "AZURE_TENANT_ID and AZURE_CLIENT_ID, with AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH"},
    {"WorkloadIdentityCredential", "AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE"},
    {"ManagedIdentityCredential",
     "IDENTITY_ENDPOINT and IDENTITY_HEADER, MSI_ENDPOINT, the agent of Azure Arc, else the Instance Metadata Service"},
    {"AzureCliCredential", "`az` on PATH, logged in by `az login`"},
    {"AzureDeveloperCliCredential", "`azd` on PATH, logged in by `azd auth login`"},
    {"AzurePowerShellCredential", "`pwsh` on PATH with the module Az.Accounts, logged in by Connect-AzAccount"},
    {"ClientSecretCredential", "a tenant, a client id and a client secret"},
    {"ClientCertificateCredential", "a tenant, a client id and a certificate with its private key"},
    {"ClientAssertionCredential", "a tenant, a client id, and somebody who makes assertions"},
    {"AzurePipelinesCredential",
     "SYSTEM_OIDCREQUESTURI and SYSTEM_ACCESSTOKEN, with tenant, client id and service connection"},
    {"OnBehalfOfCredential", "a user's token, and an application with secret, certificate or assertion"},
    {"DeviceCodeCredential", "a person who opens a page and enters a code"},
    {"DefaultAzureCredential", "AZURE_TOKEN_CREDENTIALS, and what its members look for"},
    {"DeveloperToolsCredential", "`az`, `azd` or `pwsh` on PATH, logged in"},
});

}  // namespace

std::string_view looks_for(std::string_view credential) {
  const auto row = std::find_if(kDescriptions.begin(), kDescriptions.end(),
                                [&](const Description& each) { return each.credential == credential; });
  return row == kDescriptions.end() ? std::string_view() : row->looks_for;
}

}  // namespace azf::identity
