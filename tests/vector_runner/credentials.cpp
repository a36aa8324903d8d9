#include "vector_runner/credentials.h"

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
#include "identity/device_code_credential.h"
#include "identity/environment_credential.h"
#include "identity/managed_identity_credential.h"
#include "identity/on_behalf_of_credential.h"
#include "identity/workload_identity_credential.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <utility>

namespace azf::test {
namespace {

using identity::CredentialServices;
using Created = Result<std::unique_ptr<identity::TokenCredential>>;

/// `given.options`, and its member `options`.
struct Settings {
  FieldReader own;
  FieldReader shared;
  const ScenarioPlaces& places;

  /// Names of files are relative to the scenario's folder.
  std::string path(const std::string& name) {
    std::string file = own.text(name);
    return file.empty() || file.starts_with('/') ? file : places.directory + "/" + file;
  }
  Secret secret(const std::string& name) { return Secret(own.text(name)); }
};

// What all clients of Entra have.
template <typename Options>
void read_client(Settings& settings, Options& options) {
  options.tenant_id = settings.own.text("tenant_id");
  options.client_id = settings.own.text("client_id");
  options.authority_host = settings.shared.text("authority_host");
  options.additionally_allowed_tenants = settings.shared.texts("additionally_allowed_tenants");
  // Entra's instance discovery is never asked for here, so there is nothing to switch off.
  settings.shared.flag("disable_instance_discovery");
}

template <typename Options>
void read_tool(Settings& settings, Options& options) {
  options.tenant_id = settings.own.text("tenant_id");
  options.additionally_allowed_tenants = settings.shared.texts("additionally_allowed_tenants");
  options.process_timeout = std::chrono::milliseconds(settings.shared.number("process_timeout_ms").value_or(0));
}

identity::AssertionSource assertion_source(std::string text) {
  return [text = std::move(text)](Deadline) -> Result<Secret> {
    // What an exception is in the recorded SDKs: a source of ours fails by its result.
    if (text == "<throws>") return Error{ErrorKind::kInternal, "the callback's own words"};
    return Secret(text == "<empty>" ? "" : text);
  };
}

Created client_secret(Settings& settings, const CredentialServices& services) {
  identity::ClientSecretOptions options;
  read_client(settings, options);
  options.client_secret = settings.secret("client_secret");
  return identity::create_client_secret_credential(std::move(options), services);
}

Created client_certificate(Settings& settings, const CredentialServices& services) {
  identity::ClientCertificateOptions options;
  read_client(settings, options);
  options.certificate_path = settings.path("certificate_file");
  options.certificate = settings.secret("certificate");
  options.password = settings.secret("certificate_password");
  options.send_certificate_chain = settings.shared.flag("send_certificate_chain");
  return identity::create_client_certificate_credential(std::move(options), services);
}

Created client_assertion(Settings& settings, const CredentialServices& services) {
  identity::ClientAssertionOptions options;
  read_client(settings, options);
  options.get_assertion = assertion_source(settings.own.text("assertion", "assertion-1"));
  return identity::create_client_assertion_credential(std::move(options), services);
}

Created azure_pipelines(Settings& settings, const CredentialServices& services) {
  identity::AzurePipelinesOptions options;
  read_client(settings, options);
  options.service_connection_id = settings.own.text("service_connection_id");
  options.system_access_token = settings.secret("system_access_token");
  return identity::create_azure_pipelines_credential(std::move(options), services);
}

Created on_behalf_of(Settings& settings, const CredentialServices& services) {
  identity::OnBehalfOfOptions options;
  read_client(settings, options);
  options.user_assertion = settings.secret("user_assertion");
  options.client_secret = settings.secret("client_secret");
  options.certificate_path = settings.path("certificate_file");
  options.certificate_password = settings.secret("certificate_password");
  options.send_certificate_chain = settings.shared.flag("send_certificate_chain");
  if (auto assertion = settings.own.optional_text("assertion")) {
    options.get_assertion = assertion_source(*std::move(assertion));
  }
  return identity::create_on_behalf_of_credential(std::move(options), services);
}

Created device_code(Settings& settings, const CredentialServices& services) {
  identity::DeviceCodeOptions options;
  read_client(settings, options);
  options.show = [](const identity::DeviceCodePrompt&) {};
  return identity::create_device_code_credential(std::move(options), services);
}

Created workload_identity(Settings& settings, const CredentialServices& services) {
  identity::WorkloadIdentityOptions options;
  read_client(settings, options);
  options.token_file_path = settings.path("token_file");
  return identity::create_workload_identity_credential(std::move(options), services);
}

Created environment(Settings& settings, const CredentialServices& services) {
  identity::EnvironmentCredentialOptions options;
  read_client(settings, options);
  return identity::create_environment_credential(std::move(options), services);
}

Created managed_identity(Settings& settings, const CredentialServices& services) {
  identity::ManagedIdentityOptions options;
  options.client_id = settings.own.text("client_id");
  options.object_id = settings.own.text("object_id");
  options.resource_id = settings.own.text("resource_id");
  options.arc_key_directory = settings.places.arc_key_directory;
  options.arc_agent_path = settings.places.arc_agent_path;
  return identity::create_managed_identity_credential(std::move(options), services);
}

Created azure_cli(Settings& settings, const CredentialServices& services) {
  identity::AzureCliOptions options;
  read_tool(settings, options);
  options.subscription = settings.own.text("subscription");
  return identity::create_azure_cli_credential(std::move(options), services);
}

Created azure_developer_cli(Settings& settings, const CredentialServices& services) {
  identity::AzureDeveloperCliOptions options;
  read_tool(settings, options);
  return identity::create_azure_developer_cli_credential(std::move(options), services);
}

Created azure_powershell(Settings& settings, const CredentialServices& services) {
  identity::AzurePowerShellOptions options;
  read_tool(settings, options);
  return identity::create_azure_powershell_credential(std::move(options), services);
}

Created developer_tools(Settings& settings, const CredentialServices& services) {
  identity::DeveloperToolsOptions options;
  options.tenant_id = settings.own.text("tenant_id");
  options.process_timeout = std::chrono::milliseconds(settings.shared.number("process_timeout_ms").value_or(0));
  return identity::create_developer_tools_credential(std::move(options), services);
}

Created default_azure(Settings& settings, const CredentialServices& services) {
  identity::DefaultAzureCredentialOptions options;
  read_client(settings, options);
  options.object_id = settings.own.text("object_id");
  options.resource_id = settings.own.text("resource_id");
  options.excluded_credentials = settings.shared.texts("excluded_credentials");
  options.process_timeout = std::chrono::milliseconds(settings.shared.number("process_timeout_ms").value_or(0));
  options.require_token_credentials_variable = settings.shared.flag("require_token_credentials_variable");
  return identity::make_default_azure_credential(options, services);
}

struct Row {
  std::string_view kind;
  Created (*create)(Settings&, const CredentialServices&);
  bool caches = false;
};

constexpr std::array kKinds = {
    Row{"AzureCli", azure_cli},
    Row{"AzureDeveloperCli", azure_developer_cli},
    Row{"AzurePipelines", azure_pipelines},
    Row{"AzurePowerShell", azure_powershell},
    Row{"ClientAssertion", client_assertion},
    Row{"ClientCertificate", client_certificate},
    Row{"ClientSecret", client_secret},
    Row{"Default", default_azure, true},
    Row{"DeveloperTools", developer_tools},
    Row{"DeviceCode", device_code},
    Row{"Environment", environment},
    Row{"ManagedIdentity", managed_identity},
    Row{"OnBehalfOf", on_behalf_of},
    Row{"WorkloadIdentity", workload_identity},
};

}  // namespace

Created create_scenario_credential(const Json& options, const ScenarioPlaces& places,
                                   const CredentialServices& services, std::vector<std::string>& problems) {
  FieldReader own(&options, "given.options", problems);
  const std::string kind = own.text("kind");
  const auto row = std::ranges::find(kKinds, kind, &Row::kind);
  if (row == kKinds.end()) {
    problems.push_back("unknown kind " + kind);
    return Error{ErrorKind::kInternal, "unknown kind"};
  }
  const Json* inner = own.object("options");
  Settings settings{std::move(own), FieldReader(inner, "given.options.options", problems), places};
  auto created = row->create(settings, services);
  settings.own.finish();
  settings.shared.finish();
  if (!created || row->caches) return created;
  return std::make_unique<identity::CachingCredential>(std::move(*created), services);
}

}  // namespace azf::test
