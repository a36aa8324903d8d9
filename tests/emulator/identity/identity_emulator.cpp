#include "emulator/identity/identity_emulator.h"

#include "emulator/state_file.h"
#include "emulator/wire/coding.h"
#include "emulator/wire/stream.h"

#include <array>
#include <utility>

namespace azf::emulator {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAppServicePath = "/msi/token";
constexpr std::string_view kAzureMlPath = "/msi/auth";
constexpr std::string_view kCloudShellPath = "/oauth2/token";
constexpr std::string_view kArcPath = "/arc/metadata/identity/oauth2/token";
constexpr std::string_view kClusterPath = "/metadata/identity/oauth2/token";
constexpr std::string_view kPipelinesPath =
    "/organization/project/_apis/distributedtask/hubs/build/plans/dddddddd-dddd-4ddd-8ddd-dddddddddddd/jobs/"
    "eeeeeeee-eeee-4eee-8eee-eeeeeeeeeeee/oidctoken";
constexpr const char* kExchangeAudience = "api://AzureADTokenExchange";
constexpr std::string_view kImdsPath = "/metadata/identity/oauth2/token";
constexpr std::size_t kSecretBytes = 24;
constexpr auto kKinds = std::to_array<IdentityKind>(
    {IdentityKind::kAppService, IdentityKind::kAppService2017, IdentityKind::kArc, IdentityKind::kAzureMl,
     IdentityKind::kCertificate, IdentityKind::kCloudShell, IdentityKind::kEntra, IdentityKind::kImds,
     IdentityKind::kNone, IdentityKind::kPipelines, IdentityKind::kServiceFabric, IdentityKind::kWorkload});

fs::path authority_file(const fs::path& folder) { return folder / "ca.pem"; }
fs::path server_file(const fs::path& folder) { return folder / "server.pem"; }
fs::path server_key_file(const fs::path& folder) { return folder / "server-key.pem"; }
fs::path cluster_file(const fs::path& folder) { return folder / "service-fabric.pem"; }
fs::path certificate_file(const fs::path& folder) { return folder / "client-certificate.pem"; }
fs::path certificate_chain_file(const fs::path& folder) { return folder / "client-certificate-chain.pem"; }
fs::path federated_token_file(const fs::path& folder) { return folder / "federated-token"; }
Secret new_secret() { return Secret(to_base64url(random_bytes(kSecretBytes))); }
std::string url_of(std::string_view scheme, int port) {
  return std::string(scheme) + "://127.0.0.1:" + std::to_string(port);
}

// The path without letter case and without a slash at its end, as SDKs differ in both.
std::string plain_path(const Request& request) {
  std::string path = to_lower(request.path());
  while (path.ends_with('/')) path.pop_back();
  return path;
}

FederatedCredential workload(const std::string& authority) {
  return {authority + "/federated-issuer", "system:serviceaccount:default:handler", kExchangeAudience};
}

FederatedCredential service_connection(const std::string& authority) {
  return {authority + "/pipelines-issuer", "sc://organization/project/service-connection", kExchangeAudience};
}

AppRegistration registration(const Principal& application, const std::string& authority) {
  return {application,
          new_secret(),
          {workload(authority), service_connection(authority)},
          std::make_unique<const ClientCertificate>()};
}

fs::path key_folder(const IdentityOptions& options) {
  return options.arc_key_folder.empty() ? options.state_folder / "arc-tokens" : options.arc_key_folder;
}

}  // namespace

std::string_view to_string(IdentityKind kind) {
  switch (kind) {
    case IdentityKind::kAppService: return "app-service";
    case IdentityKind::kImds: return "imds";
    case IdentityKind::kEntra: return "entra";
    case IdentityKind::kWorkload: return "workload";
    case IdentityKind::kCertificate: return "certificate";
    case IdentityKind::kPipelines: return "pipelines";
    case IdentityKind::kAppService2017: return "app-service-2017";
    case IdentityKind::kAzureMl: return "azure-ml";
    case IdentityKind::kCloudShell: return "cloud-shell";
    case IdentityKind::kArc: return "arc";
    case IdentityKind::kServiceFabric: return "service-fabric";
    case IdentityKind::kNone: return "none";
  }
  return "unknown";
}

struct IdentityEmulator::Parts {
  int http_port;
  int https_port;
  int cluster_port;
  TestAuthority authority;
  SelfSignedServer cluster;
  TlsContext tls;
  TlsContext cluster_tls;
};

Result<std::unique_ptr<IdentityEmulator>> IdentityEmulator::start(IdentityOptions options, const Clock& clock) {
  auto http = listen_loopback(options.http_port);
  if (!http) return std::move(http).error();
  auto https = listen_loopback(options.https_port);
  if (!https) return std::move(https).error();
  auto cluster = listen_loopback(0);
  if (!cluster) return std::move(cluster).error();
  TestAuthority authority = create_test_authority();
  auto tls = TlsContext::server(authority.server_certificate, authority.server_key);
  if (!tls) return std::move(tls).error();
  SelfSignedServer cluster_identity = create_self_signed_server();
  auto cluster_tls = TlsContext::server(cluster_identity.certificate, cluster_identity.key);
  if (!cluster_tls) return std::move(cluster_tls).error();

  Parts parts{local_port(*http),           local_port(*https), local_port(*cluster),   std::move(authority),
              std::move(cluster_identity), std::move(*tls),    std::move(*cluster_tls)};
  std::unique_ptr<IdentityEmulator> emulator(new IdentityEmulator(std::move(options), std::move(parts), clock));
  if (auto written = emulator->write_files(); !written) return std::move(written).error();
  IdentityEmulator* self = emulator.get();
  emulator->http_server_ = std::make_unique<HttpServer>(
      std::move(*http), [self](const Request& request) { return self->handle_http(request); }, clock);
  emulator->https_server_ = std::make_unique<HttpServer>(
      std::move(*https), [self](const Request& request) { return self->handle_https(request); }, clock, &self->tls_);
  emulator->cluster_server_ = std::make_unique<HttpServer>(
      std::move(*cluster), [self](const Request& request) { return self->handle_cluster(request); }, clock,
      &self->cluster_tls_);
  return emulator;
}

IdentityEmulator::IdentityEmulator(IdentityOptions options, Parts parts, const Clock& clock)
    : options_(std::move(options)),
      http_port_(parts.http_port),
      https_port_(parts.https_port),
      cluster_port_(parts.cluster_port),
      clock_(clock),
      script_(stop_, clock_),
      authority_(std::move(parts.authority)),
      cluster_(std::move(parts.cluster)),
      tls_(std::move(parts.tls)),
      cluster_tls_(std::move(parts.cluster_tls)),
      issuer_(https_url(), options_.tenant_id, key_, clock_),
      managed_identity_({options_.system_assigned, {options_.user_assigned}}, options_.user, new_secret(), issuer_,
                        clock_),
      entra_(https_url(), registration(options_.application, https_url()), options_.user, options_.device_code_interval,
             issuer_, clock_),
      arc_(options_.system_assigned, key_folder(options_), issuer_, clock_),
      pipelines_(options_.service_connection_id, new_secret(), service_connection(https_url()), entra_) {}

IdentityEmulator::~IdentityEmulator() { stop_.request_stop(); }

fs::path IdentityEmulator::ca_file() const { return authority_file(options_.state_folder); }
std::string IdentityEmulator::http_url() const { return url_of("http", http_port_); }
std::string IdentityEmulator::https_url() const { return url_of("https", https_port_); }
std::string IdentityEmulator::cluster_url() const { return url_of("https", cluster_port_); }

Result<Success> IdentityEmulator::write_files() const {
  const ClientCertificate& certificate = *entra_.application().certificate;
  Json all_variables = Json::object();
  for (const IdentityKind kind : kKinds) all_variables[std::string(to_string(kind))] = variables(kind);
  const std::pair<fs::path, std::string> files[] = {
      {options_.state_folder / "variables.json", to_text(all_variables)},
      {authority_file(options_.state_folder), authority_.authority_certificate},
      {server_file(options_.state_folder), authority_.server_certificate},
      {server_key_file(options_.state_folder), authority_.server_key},
      {cluster_file(options_.state_folder), cluster_.certificate},
      {certificate_file(options_.state_folder), certificate.pem()},
      {certificate_chain_file(options_.state_folder), certificate.pem_with_chain()}};
  for (const auto& [file, text] : files) {
    if (auto written = write_state_file(file, text); !written) return written;
  }
  return write_federated_token(workload(https_url()).subject);
}

Result<Success> IdentityEmulator::write_federated_token(const std::string& subject) const {
  FederatedCredential federation = workload(https_url());
  federation.subject = subject;
  return write_state_file(federated_token_file(options_.state_folder), entra_.federated_token(federation));
}

std::optional<Reply> IdentityEmulator::handle_http(const Request& request) {
  if (request.path().starts_with("/emulator/")) {
    auto reply = control(request);
    return reply ? std::move(reply) : json_reply(404, {{"error", "the emulator has no such control request"}});
  }
  const std::string path = plain_path(request);
  if (path == kAppServicePath) {
    return script_.answer("app-service", request, [&](const Request& r) { return managed_identity_.app_service(r); });
  }
  if (path == kAzureMlPath) {
    return script_.answer("azure-ml", request, [&](const Request& r) { return managed_identity_.azure_ml(r); });
  }
  if (path == kCloudShellPath) {
    return script_.answer("cloud-shell", request, [&](const Request& r) { return managed_identity_.cloud_shell(r); });
  }
  if (path == kArcPath) {
    return script_.answer("arc", request, [&](const Request& r) { return arc_.handle(r); });
  }
  if (path == kImdsPath) {
    return script_.answer("imds", request, [&](const Request& r) { return managed_identity_.imds(r); });
  }
  return script_.answer("unknown", request, [](const Request&) { return Reply{404, "", {}, ""}; });
}

std::optional<Reply> IdentityEmulator::handle_https(const Request& request) {
  if (request.path() == kPipelinesPath) {
    return script_.answer("pipelines", request, [&](const Request& r) { return pipelines_.handle(r); });
  }
  return script_.answer("entra", request, [&](const Request& r) { return entra_.handle(r); });
}

std::optional<Reply> IdentityEmulator::handle_cluster(const Request& request) {
  const bool known = plain_path(request) == kClusterPath;
  return script_.answer("service-fabric", request, [&](const Request& r) {
    return known ? managed_identity_.service_fabric(r) : Reply{404, "", {}, ""};
  });
}

std::optional<Reply> IdentityEmulator::control(const Request& request) {
  if (request.path() != "/emulator/federated-token") {
    auto reply = script_.control(request);
    return reply ? std::move(reply) : entra_.control(request);
  }
  if (request.method != "POST") return std::nullopt;
  std::string subject = workload(https_url()).subject;
  if (!request.body.empty()) {
    const auto json = parse_json(request.body);
    auto named = json ? required_string(*json, "subject") : Result<std::string>(json.error());
    if (!named) return json_reply(400, {{"error", named.error().message}});
    subject = std::move(*named);
  }
  if (const auto written = write_federated_token(subject); !written)
    return json_reply(500, {{"error", written.error().message}});
  return Reply{204, "", {}, ""};
}

Variables IdentityEmulator::variables(IdentityKind kind) const {
  const std::string header_secret(managed_identity_.header_secret().expose());
  const std::string authorities = authority_file(options_.state_folder).string();
  // Programs that use curl's conventions look at its own variable first, which the user's shell may have set.
  Variables entra = {{"AZURE_AUTHORITY_HOST", https_url() + "/"},
                     {"AZURE_CLIENT_ID", options_.application.client_id},
                     {"AZURE_TENANT_ID", options_.tenant_id},
                     {"CURL_CA_BUNDLE", authorities},
                     {"SSL_CERT_FILE", authorities}};
  switch (kind) {
    case IdentityKind::kAppService: return {{"IDENTITY_ENDPOINT", token_url(kind)}, {"IDENTITY_HEADER", header_secret}};
    case IdentityKind::kAppService2017: return {{"MSI_ENDPOINT", token_url(kind)}, {"MSI_SECRET", header_secret}};
    case IdentityKind::kAzureMl:
      return {{"DEFAULT_IDENTITY_CLIENT_ID", options_.user_assigned.client_id},
              {"MSI_ENDPOINT", token_url(kind)},
              {"MSI_SECRET", header_secret}};
    case IdentityKind::kCloudShell: return {{"MSI_ENDPOINT", token_url(kind)}};
    case IdentityKind::kArc: return {{"IDENTITY_ENDPOINT", token_url(kind)}, {"IMDS_ENDPOINT", http_url() + "/arc"}};
    case IdentityKind::kServiceFabric:
      return {{"IDENTITY_ENDPOINT", token_url(kind)},
              {"IDENTITY_HEADER", header_secret},
              {"IDENTITY_SERVER_THUMBPRINT", cluster_.thumbprint}};
    case IdentityKind::kImds: return {{"AZURE_POD_IDENTITY_AUTHORITY_HOST", http_url()}};
    case IdentityKind::kEntra:
      entra.emplace("AZURE_CLIENT_SECRET", entra_.application().client_secret.expose());
      return entra;
    case IdentityKind::kWorkload:
      entra.emplace("AZURE_FEDERATED_TOKEN_FILE", federated_token_file(options_.state_folder).string());
      return entra;
    case IdentityKind::kCertificate:
      entra.emplace("AZURE_CLIENT_CERTIFICATE_PATH", certificate_file(options_.state_folder).string());
      return entra;
    case IdentityKind::kPipelines:
      // As the tasks of Azure Pipelines name them.
      entra.emplace("AZURESUBSCRIPTION_CLIENT_ID", options_.application.client_id);
      entra.emplace("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", options_.service_connection_id);
      entra.emplace("AZURESUBSCRIPTION_TENANT_ID", options_.tenant_id);
      entra.emplace("SYSTEM_ACCESSTOKEN", pipelines_.access_token().expose());
      entra.emplace("SYSTEM_OIDCREQUESTURI", https_url() + std::string(kPipelinesPath));
      return entra;
    case IdentityKind::kNone: return {};
  }
  return {};
}

std::string IdentityEmulator::token_url(IdentityKind kind) const {
  switch (kind) {
    case IdentityKind::kAppService:
    case IdentityKind::kAppService2017: return http_url() + std::string(kAppServicePath);
    case IdentityKind::kAzureMl: return http_url() + std::string(kAzureMlPath);
    case IdentityKind::kCloudShell: return http_url() + std::string(kCloudShellPath);
    case IdentityKind::kArc: return http_url() + std::string(kArcPath);
    case IdentityKind::kServiceFabric: return cluster_url() + std::string(kClusterPath);
    case IdentityKind::kImds: return http_url() + std::string(kImdsPath);
    case IdentityKind::kEntra:
    case IdentityKind::kWorkload:
    case IdentityKind::kCertificate:
    case IdentityKind::kPipelines: return https_url() + "/" + options_.tenant_id;
    case IdentityKind::kNone: return "";
  }
  return "";
}

std::string IdentityEmulator::explain(IdentityKind kind) const {
  const auto text = [&](const char* what) { return "emulated " + std::string(what) + ", " + token_url(kind); };
  switch (kind) {
    case IdentityKind::kAppService: return text("managed identity of App Service");
    case IdentityKind::kAppService2017: return text("managed identity of App Service in its first version");
    case IdentityKind::kAzureMl: return text("managed identity of Azure Machine Learning");
    case IdentityKind::kCloudShell: return text("identity of a person in Cloud Shell");
    case IdentityKind::kArc: return text("managed identity of Azure Arc");
    case IdentityKind::kServiceFabric: return text("managed identity of Service Fabric");
    case IdentityKind::kImds: return text("managed identity of a virtual machine");
    case IdentityKind::kEntra: return text("Entra with a client secret");
    case IdentityKind::kWorkload: return text("Entra with a federated token");
    case IdentityKind::kCertificate: return text("Entra with a client certificate");
    case IdentityKind::kPipelines: return text("Entra with a token of Azure Pipelines");
    case IdentityKind::kNone: return "nowhere: no identity endpoint is given to the handler";
  }
  return "";
}

Json IdentityEmulator::describe() const {
  const auto principal = [](const Principal& p) {
    return Json{{"client_id", p.client_id}, {"object_id", p.object_id}, {"resource_id", p.resource_id}};
  };
  return {{"tenant_id", options_.tenant_id},
          {"app_service_url", token_url(IdentityKind::kAppService)},
          {"azure_ml_url", token_url(IdentityKind::kAzureMl)},
          {"cloud_shell_url", token_url(IdentityKind::kCloudShell)},
          {"arc_url", token_url(IdentityKind::kArc)},
          {"arc_key_folder", key_folder(options_).string()},
          {"imds_url", token_url(IdentityKind::kImds)},
          {"service_fabric_url", token_url(IdentityKind::kServiceFabric)},
          {"service_fabric_thumbprint", cluster_.thumbprint},
          {"service_fabric_certificate_file", cluster_file(options_.state_folder).string()},
          {"pipelines_url", https_url() + std::string(kPipelinesPath)},
          {"service_connection_id", options_.service_connection_id},
          {"certificate_file", certificate_file(options_.state_folder).string()},
          {"certificate_chain_file", certificate_chain_file(options_.state_folder).string()},
          {"authority", https_url() + "/"},
          {"jwks_url", https_url() + "/" + options_.tenant_id + "/discovery/v2.0/keys"},
          {"ca_file", ca_file().string()},
          {"server_certificate_file", server_file(options_.state_folder).string()},
          {"server_key_file", server_key_file(options_.state_folder).string()},
          {"federated_token_file", federated_token_file(options_.state_folder).string()},
          {"system_assigned", principal(options_.system_assigned)},
          {"user_assigned", Json::array({principal(options_.user_assigned)})},
          {"application", principal(options_.application)},
          {"user", {{"object_id", options_.user.object_id}, {"principal_name", options_.user.principal_name}}}};
}

}  // namespace azf::emulator
