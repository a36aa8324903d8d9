#include "emulator/identity/identity_emulator.h"

#include "emulator/identity/test_authority.h"
#include "emulator/state_file.h"
#include "emulator/wire/coding.h"
#include "emulator/wire/stream.h"

#include <utility>

namespace azf::emulator {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kAppServicePath = "/msi/token";
constexpr std::string_view kImdsPath = "/metadata/identity/oauth2/token";
constexpr std::size_t kSecretBytes = 24;

fs::path authority_file(const fs::path& folder) { return folder / "ca.pem"; }
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

AppRegistration registration(const Principal& application, const std::string& authority) {
  return {application,
          new_secret(),
          {authority + "/federated-issuer", "system:serviceaccount:default:handler", "api://AzureADTokenExchange"}};
}

}  // namespace

std::string_view to_string(IdentityKind kind) {
  switch (kind) {
    case IdentityKind::kAppService: return "app-service";
    case IdentityKind::kImds: return "imds";
    case IdentityKind::kEntra: return "entra";
    case IdentityKind::kWorkload: return "workload";
    case IdentityKind::kNone: return "none";
  }
  return "unknown";
}

Result<std::unique_ptr<IdentityEmulator>> IdentityEmulator::start(IdentityOptions options, const Clock& clock) {
  auto http = listen_loopback(options.http_port);
  if (!http) return std::move(http).error();
  auto https = listen_loopback(options.https_port);
  if (!https) return std::move(https).error();
  const TestAuthority authority = create_test_authority();
  auto tls = TlsContext::server(authority.server_certificate, authority.server_key);
  if (!tls) return std::move(tls).error();
  if (auto written = write_state_file(authority_file(options.state_folder), authority.authority_certificate);
      !written) {
    return std::move(written).error();
  }
  std::unique_ptr<IdentityEmulator> emulator(
      new IdentityEmulator(std::move(options), local_port(*http), local_port(*https), std::move(*tls), clock));
  if (auto written = emulator->write_federated_token(); !written) return std::move(written).error();
  IdentityEmulator* self = emulator.get();
  emulator->http_server_ = std::make_unique<HttpServer>(
      std::move(*http), [self](const Request& request) { return self->handle_http(request); }, clock);
  emulator->https_server_ = std::make_unique<HttpServer>(
      std::move(*https), [self](const Request& request) { return self->handle_https(request); }, clock, &self->tls_);
  return emulator;
}

IdentityEmulator::IdentityEmulator(IdentityOptions options, int http_port, int https_port, TlsContext tls,
                                   const Clock& clock)
    : options_(std::move(options)),
      http_port_(http_port),
      https_port_(https_port),
      clock_(clock),
      script_(stop_, clock_),
      tls_(std::move(tls)),
      issuer_(https_url(), options_.tenant_id, key_, clock_),
      managed_identity_({options_.system_assigned, {options_.user_assigned}}, new_secret(), issuer_, clock_),
      entra_(https_url(), registration(options_.application, https_url()), issuer_, clock_) {}

IdentityEmulator::~IdentityEmulator() { stop_.request_stop(); }

std::string IdentityEmulator::http_url() const { return url_of("http", http_port_); }
std::string IdentityEmulator::https_url() const { return url_of("https", https_port_); }

Result<Success> IdentityEmulator::write_federated_token() const {
  return write_state_file(federated_token_file(options_.state_folder), entra_.federated_token());
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
  if (path == kImdsPath) {
    return script_.answer("imds", request, [&](const Request& r) { return managed_identity_.imds(r); });
  }
  return Reply{404, "", {}, ""};
}

std::optional<Reply> IdentityEmulator::handle_https(const Request& request) {
  return script_.answer("entra", request, [&](const Request& r) { return entra_.handle(r); });
}

std::optional<Reply> IdentityEmulator::control(const Request& request) {
  if (request.path() != "/emulator/federated-token") return script_.control(request);
  if (request.method != "POST") return std::nullopt;
  if (const auto written = write_federated_token(); !written)
    return json_reply(500, {{"error", written.error().message}});
  return Reply{204, "", {}, ""};
}

Variables IdentityEmulator::variables(IdentityKind kind) const {
  switch (kind) {
    case IdentityKind::kAppService:
      return {{"IDENTITY_ENDPOINT", http_url() + std::string(kAppServicePath)},
              {"IDENTITY_HEADER", std::string(managed_identity_.header_secret().expose())}};
    case IdentityKind::kImds: return {{"AZURE_POD_IDENTITY_AUTHORITY_HOST", http_url()}};
    case IdentityKind::kEntra:
    case IdentityKind::kWorkload: {
      const std::string authorities = authority_file(options_.state_folder).string();
      // Programs that use curl's conventions look at its own variable first, which the user's shell may have set.
      Variables variables = {{"AZURE_AUTHORITY_HOST", https_url() + "/"},
                             {"AZURE_CLIENT_ID", options_.application.client_id},
                             {"AZURE_TENANT_ID", options_.tenant_id},
                             {"CURL_CA_BUNDLE", authorities},
                             {"SSL_CERT_FILE", authorities}};
      if (kind == IdentityKind::kEntra) {
        variables.emplace("AZURE_CLIENT_SECRET", entra_.application().client_secret.expose());
      } else {
        variables.emplace("AZURE_FEDERATED_TOKEN_FILE", federated_token_file(options_.state_folder).string());
      }
      return variables;
    }
    case IdentityKind::kNone: return {};
  }
  return {};
}

std::string IdentityEmulator::explain(IdentityKind kind) const {
  switch (kind) {
    case IdentityKind::kAppService:
      return "emulated managed identity of App Service, " + http_url() + std::string(kAppServicePath);
    case IdentityKind::kImds:
      return "emulated managed identity of a virtual machine, " + http_url() + std::string(kImdsPath);
    case IdentityKind::kEntra: return "emulated Entra with a client secret, " + https_url() + "/" + options_.tenant_id;
    case IdentityKind::kWorkload:
      return "emulated Entra with a federated token, " + https_url() + "/" + options_.tenant_id;
    case IdentityKind::kNone: return "nowhere: no identity endpoint is given to the handler";
  }
  return "";
}

Json IdentityEmulator::describe() const {
  const auto principal = [](const Principal& p) {
    return Json{{"client_id", p.client_id}, {"object_id", p.object_id}, {"resource_id", p.resource_id}};
  };
  return {{"tenant_id", options_.tenant_id},
          {"app_service_url", http_url() + std::string(kAppServicePath)},
          {"imds_url", http_url() + std::string(kImdsPath)},
          {"authority", https_url() + "/"},
          {"jwks_url", https_url() + "/" + options_.tenant_id + "/discovery/v2.0/keys"},
          {"ca_file", authority_file(options_.state_folder).string()},
          {"federated_token_file", federated_token_file(options_.state_folder).string()},
          {"system_assigned", principal(options_.system_assigned)},
          {"user_assigned", Json::array({principal(options_.user_assigned)})},
          {"application", principal(options_.application)}};
}

}  // namespace azf::emulator
