#include "identity/credential_factory.h"

#include "http/message.h"
#include "identity/azure_cli_credential.h"
#include "identity/azure_developer_cli_credential.h"
#include "identity/azure_pipelines_credential.h"
#include "identity/azure_powershell_credential.h"
#include "identity/caching_credential.h"
#include "identity/client_assertion_credential.h"
#include "identity/client_certificate_credential.h"
#include "identity/client_secret_credential.h"
#include "identity/default_azure_credential.h"
#include "identity/developer_tools_credential.h"
#include "identity/environment_credential.h"
#include "identity/managed_identity_credential.h"
#include "identity/on_behalf_of_credential.h"
#include "identity/pinned_credential.h"
#include "identity/secret_file.h"
#include "identity/tenant.h"
#include "identity/text.h"
#include "identity/unavailable_credential.h"
#include "identity/workload_identity_credential.h"

#include <algorithm>
#include <array>
#include <initializer_list>
#include <optional>
#include <utility>

namespace azf::identity {
namespace {

using Created = Result<std::unique_ptr<TokenCredential>>;

/// What the user said, and where the rest is looked up.
struct Request {
  const CredentialOptions& options;
  const CredentialServices& services;

  // The option, else the first of these variables that is set.
  [[nodiscard]] std::string setting(const std::string& option,
                                    std::initializer_list<std::string_view> variables) const {
    if (!option.empty()) return option;
    for (const std::string_view variable : variables) {
      if (const auto value = services.environment.get(variable)) return std::string(*value);
    }
    return {};
  }
  [[nodiscard]] std::string tenant() const { return setting(options.tenant_id, {"AZURE_TENANT_ID"}); }
  [[nodiscard]] std::string client() const { return setting(options.client_id, {"AZURE_CLIENT_ID"}); }
  [[nodiscard]] Secret secret(std::string_view variable) const {
    return services.environment.get_secret(variable).value_or(Secret());
  }
  [[nodiscard]] std::vector<std::string> allowed_tenants() const {
    return additionally_allowed_tenants(services.environment);
  }
};

Error unavailable(std::string why) { return {ErrorKind::kCredentialUnavailable, std::move(why)}; }

// The variables of this list that are not set; empty if all are.
std::string missing(const Request& request, std::initializer_list<std::string_view> variables) {
  std::string names;
  for (const std::string_view variable : variables) {
    if (!request.services.environment.has(variable)) names.append(names.empty() ? "" : ", ").append(variable);
  }
  return names;
}

bool sends_certificate_chain(const Environment& environment) {
  return is_on(environment.get("AZURE_CLIENT_SEND_CERTIFICATE_CHAIN").value_or(""));
}

Created default_azure(const Request& request) {
  DefaultAzureCredentialOptions credential;
  credential.tenant_id = request.options.tenant_id;
  credential.client_id = request.options.client_id;
  credential.object_id = request.options.object_id;
  credential.resource_id = request.options.resource_id;
  credential.excluded_credentials = request.options.excluded_credentials;
  return make_default_azure_credential(credential, request.services);
}

Created environment(const Request& request) {
  EnvironmentCredentialOptions credential;
  credential.tenant_id = request.options.tenant_id;
  credential.client_id = request.options.client_id;
  return create_environment_credential(std::move(credential), request.services);
}

Created workload_identity(const Request& request) {
  WorkloadIdentityOptions credential;
  credential.tenant_id = request.options.tenant_id;
  credential.client_id = request.options.client_id;
  credential.additionally_allowed_tenants = request.allowed_tenants();
  return create_workload_identity_credential(std::move(credential), request.services);
}

Created managed_identity(const Request& request) {
  ManagedIdentityOptions credential;
  credential.client_id = request.options.client_id;
  credential.object_id = request.options.object_id;
  credential.resource_id = request.options.resource_id;
  return create_managed_identity_credential(std::move(credential), request.services);
}

Created client_secret(const Request& request) {
  if (const auto names = missing(request, {"AZURE_CLIENT_SECRET"}); !names.empty()) {
    return unavailable("not configured: " + names + " not set");
  }
  ClientSecretOptions credential;
  credential.tenant_id = request.tenant();
  credential.client_id = request.client();
  credential.client_secret = request.secret("AZURE_CLIENT_SECRET");
  credential.additionally_allowed_tenants = request.allowed_tenants();
  return create_client_secret_credential(std::move(credential), request.services);
}

Created client_certificate(const Request& request) {
  if (const auto names = missing(request, {"AZURE_CLIENT_CERTIFICATE_PATH"}); !names.empty()) {
    return unavailable("not configured: " + names + " not set");
  }
  ClientCertificateOptions credential;
  credential.tenant_id = request.tenant();
  credential.client_id = request.client();
  credential.certificate_path = request.setting({}, {"AZURE_CLIENT_CERTIFICATE_PATH"});
  credential.password = request.secret("AZURE_CLIENT_CERTIFICATE_PASSWORD");
  credential.send_certificate_chain = sends_certificate_chain(request.services.environment);
  credential.additionally_allowed_tenants = request.allowed_tenants();
  return create_client_certificate_credential(std::move(credential), request.services);
}

// `AZF_CLIENT_ASSERTION_FILE` or `AZF_CLIENT_ASSERTION_COMMAND`, the latter split at blanks; nothing if neither is set.
AssertionSource assertion_source(const Request& request) {
  if (const auto path = request.services.environment.get("AZF_CLIENT_ASSERTION_FILE")) {
    return assertion_file(std::string(*path));
  }
  std::vector<std::string> words;
  std::string_view rest = trimmed(request.services.environment.get("AZF_CLIENT_ASSERTION_COMMAND").value_or(""));
  while (!rest.empty()) {
    const auto end = std::min(rest.find(' '), rest.size());
    if (end > 0) words.emplace_back(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return words.empty() ? AssertionSource() : assertion_command(std::move(words), request.services.processes);
}

Created client_assertion(const Request& request) {
  ClientAssertionOptions credential;
  credential.tenant_id = request.tenant();
  credential.client_id = request.client();
  credential.get_assertion = assertion_source(request);
  if (!credential.get_assertion) {
    return unavailable("not configured: neither AZF_CLIENT_ASSERTION_FILE nor AZF_CLIENT_ASSERTION_COMMAND is set");
  }
  credential.additionally_allowed_tenants = request.allowed_tenants();
  return create_client_assertion_credential(std::move(credential), request.services);
}

// The variables of this job's Azure tasks come first, as they belong to the service connection.
Created azure_pipelines(const Request& request) {
  if (const auto names = missing(request, {"SYSTEM_OIDCREQUESTURI", "SYSTEM_ACCESSTOKEN"}); !names.empty()) {
    return unavailable("not configured: " + names + " not set; map $(System.AccessToken) to SYSTEM_ACCESSTOKEN");
  }
  AzurePipelinesOptions credential;
  credential.tenant_id = request.setting(request.options.tenant_id, {"AZURESUBSCRIPTION_TENANT_ID", "AZURE_TENANT_ID"});
  credential.client_id = request.setting(request.options.client_id, {"AZURESUBSCRIPTION_CLIENT_ID", "AZURE_CLIENT_ID"});
  credential.service_connection_id =
      request.setting({}, {"AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "AZURE_SERVICE_CONNECTION_ID"});
  credential.system_access_token = request.secret("SYSTEM_ACCESSTOKEN");
  credential.additionally_allowed_tenants = request.allowed_tenants();
  return create_azure_pipelines_credential(std::move(credential), request.services);
}

Created on_behalf_of(const Request& request) {
  const std::string path = request.setting({}, {"AZF_USER_ASSERTION_FILE"});
  if (path.empty())
    return unavailable("not configured: AZF_USER_ASSERTION_FILE, a file with the user's token, not set");
  auto user_token = load_secret_file(path);
  if (!user_token) return unavailable("AZF_USER_ASSERTION_FILE: " + user_token.error().message);

  OnBehalfOfOptions credential;
  credential.tenant_id = request.tenant();
  credential.client_id = request.client();
  credential.user_assertion = Secret(trimmed(user_token->expose()));
  credential.client_secret = request.secret("AZURE_CLIENT_SECRET");
  if (credential.client_secret.empty()) {
    credential.certificate_path = request.setting({}, {"AZURE_CLIENT_CERTIFICATE_PATH"});
    credential.certificate_password = request.secret("AZURE_CLIENT_CERTIFICATE_PASSWORD");
    credential.send_certificate_chain = sends_certificate_chain(request.services.environment);
  }
  if (credential.client_secret.empty() && credential.certificate_path.empty()) {
    credential.get_assertion = assertion_source(request);
  }
  credential.additionally_allowed_tenants = request.allowed_tenants();
  return create_on_behalf_of_credential(std::move(credential), request.services);
}

Created device_code(const Request& request) {
  if (!request.options.show_device_code) return unavailable("there is no terminal on which to show a code");
  DeviceCodeOptions credential;
  credential.tenant_id = request.tenant();
  credential.client_id = request.options.client_id;  // AZURE_CLIENT_ID is an application with a proof of its own
  credential.show = request.options.show_device_code;
  credential.additionally_allowed_tenants = request.allowed_tenants();
  return create_device_code_credential(std::move(credential), request.services);
}

Created azure_cli(const Request& request) {
  AzureCliOptions credential;
  credential.tenant_id = request.options.tenant_id;
  credential.subscription = request.options.subscription;
  credential.additionally_allowed_tenants = request.allowed_tenants();
  return create_azure_cli_credential(std::move(credential), request.services);
}

// The other two tools take the same options.
template <typename Options, Created (*create)(Options, const CredentialServices&)>
Created tool(const Request& request) {
  Options credential;
  credential.tenant_id = request.options.tenant_id;
  credential.additionally_allowed_tenants = request.allowed_tenants();
  return create(std::move(credential), request.services);
}

Created developer_tools(const Request& request) {
  DeveloperToolsOptions credential;
  credential.tenant_id = request.options.tenant_id;
  return create_developer_tools_credential(credential, request.services);
}

struct Row {
  CredentialDescription description;
  Created (*create)(const Request&);
  bool takes_managed_identity_ids = false;
  bool is_finished = false;  // caches, and obeys the pin, by itself
};

constexpr std::array kCredentials = {
    Row{{"DefaultAzureCredential", "AZURE_TOKEN_CREDENTIALS, and what its members take"}, default_azure, true, true},
    Row{{"EnvironmentCredential",
         "AZURE_TENANT_ID, AZURE_CLIENT_ID, and AZURE_CLIENT_SECRET or "
         "AZURE_CLIENT_CERTIFICATE_PATH (_PASSWORD, AZURE_CLIENT_SEND_CERTIFICATE_CHAIN)"},
        environment},
    Row{{"WorkloadIdentityCredential",
         "AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE, "
         "AZURE_KUBERNETES_TOKEN_PROXY"},
        workload_identity},
    Row{{"ManagedIdentityCredential", "what the hosting platform sets: IDENTITY_ENDPOINT, MSI_ENDPOINT, ..."},
        managed_identity,
        true},
    Row{{"ClientSecretCredential", "AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_SECRET"}, client_secret},
    Row{{"ClientCertificateCredential", "AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_CLIENT_CERTIFICATE_PATH (_PASSWORD)"},
        client_certificate},
    Row{{"ClientAssertionCredential",
         "AZURE_TENANT_ID, AZURE_CLIENT_ID, AZF_CLIENT_ASSERTION_FILE or "
         "AZF_CLIENT_ASSERTION_COMMAND"},
        client_assertion},
    Row{{"AzurePipelinesCredential",
         "SYSTEM_OIDCREQUESTURI, SYSTEM_ACCESSTOKEN, AZURESUBSCRIPTION_TENANT_ID, "
         "_CLIENT_ID, _SERVICE_CONNECTION_ID"},
        azure_pipelines},
    Row{{"OnBehalfOfCredential", "AZF_USER_ASSERTION_FILE, and an application as for EnvironmentCredential"},
        on_behalf_of},
    Row{{"DeviceCodeCredential", "AZURE_TENANT_ID; shows a code on the terminal"}, device_code},
    Row{{"AzureCliCredential", "az on PATH"}, azure_cli},
    Row{{"AzurePowerShellCredential", "pwsh on PATH"},
        tool<AzurePowerShellOptions, create_azure_powershell_credential>},
    Row{{"AzureDeveloperCliCredential", "azd on PATH"},
        tool<AzureDeveloperCliOptions, create_azure_developer_cli_credential>},
    Row{{"DeveloperToolsCredential", "az, pwsh, azd"}, developer_tools},
};

Result<Success> check_options(const Row& row, const CredentialOptions& options) {
  const auto only_for = [&](std::string_view option, std::string_view credential) {
    return Error{ErrorKind::kInvalidArgument, std::string(row.description.name) + ": " + std::string(option) + " for " +
                                                  std::string(credential) + " only"};
  };
  if (!row.takes_managed_identity_ids && !(options.object_id.empty() && options.resource_id.empty())) {
    return only_for("object id and resource id are", "managed identities");
  }
  if (row.create != azure_cli && !options.subscription.empty()) {
    return only_for("a subscription is", "AzureCliCredential");
  }
  if (row.create != default_azure && !options.excluded_credentials.empty()) {
    return only_for("exclusions are", "DefaultAzureCredential");
  }
  return Success{};
}

}  // namespace

std::vector<CredentialDescription> known_credentials() {
  std::vector<CredentialDescription> descriptions;
  descriptions.reserve(kCredentials.size());
  for (const Row& row : kCredentials) descriptions.push_back(row.description);
  return descriptions;
}

Result<std::unique_ptr<TokenCredential>> create_credential(std::string_view name, const CredentialOptions& options,
                                                           const CredentialServices& services) {
  const auto row = std::ranges::find_if(
      kCredentials, [&](const Row& each) { return equal_ignoring_case(each.description.name, name); });
  if (row == kCredentials.end()) {
    std::string known;
    for (const Row& each : kCredentials) known.append(known.empty() ? "" : ", ").append(each.description.name);
    return Error{ErrorKind::kInvalidArgument, "unknown credential " + printable(name, 100) + "; known are " + known};
  }
  if (auto valid = check_options(*row, options); !valid) return std::move(valid).error();

  auto created = row->create({options, services});
  if (!created && created.error().kind == ErrorKind::kCredentialUnavailable) {
    return std::make_unique<UnavailableCredential>(std::string(row->description.name), std::move(created).error());
  }
  if (!created) return with_context(std::move(created).error(), row->description.name);
  if (row->is_finished) return created;
  auto pinned = apply_identity_pin(*std::move(created), services);
  if (!pinned) return std::move(pinned).error();
  return std::make_unique<CachingCredential>(*std::move(pinned), services);
}

}  // namespace azf::identity
