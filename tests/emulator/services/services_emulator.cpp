#include "emulator/services/services_emulator.h"

#include "emulator/services/blob_service.h"
#include "emulator/services/graph_service.h"
#include "emulator/services/key_vault_service.h"
#include "emulator/services/openai_service.h"
#include "emulator/services/sessions_service.h"
#include "emulator/wire/coding.h"
#include "emulator/wire/stream.h"

#include <algorithm>
#include <utility>

namespace azf::emulator {
namespace {

namespace fs = std::filesystem;

// What follows `https://host:port` in a URL.
std::string_view path_of(std::string_view url) {
  const auto begin = url.find('/', url.find("//") + 2);
  return begin == std::string_view::npos ? std::string_view() : url.substr(begin);
}

// The host of a URL, or of a `Host` header, with its port.
std::string_view host_of(std::string_view url) {
  const auto begin = url.find("//");
  if (begin != std::string_view::npos) url.remove_prefix(begin + 2);
  return url.substr(0, url.find('/'));
}

// `key-vault` as `key_vault_url`.
std::string member_name(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name + "_url";
}

}  // namespace

Result<std::unique_ptr<ServicesEmulator>> ServicesEmulator::start(const ServicesOptions& options,
                                                                  IdentityEmulator& identity, const Clock& clock) {
  auto listener = listen_loopback(options.port);
  if (!listener) return std::move(listener).error();
  const fs::path sessions = options.state_folder / "sessions";
  std::error_code status;
  fs::create_directories(sessions, status);
  if (status) return Error{ErrorKind::kInvalidArgument, "cannot make the folder " + sessions.string()};

  std::unique_ptr<ServicesEmulator> emulator(new ServicesEmulator(identity, local_port(*listener)));
  ServicesEmulator* self = emulator.get();
  const std::string origin = "https://127.0.0.1:" + std::to_string(self->port_);
  self->add("openai", origin + "/azure-openai", "AZURE_OPENAI_ENDPOINT",
            std::make_unique<OpenAiService>(identity.issuer(), clock, options.stream_pace));
  self->add("session-pool", origin + "/session-pool", "AZURE_CONTAINER_APPS_SESSION_POOL_ENDPOINT",
            std::make_unique<SessionsService>(sessions, identity.issuer(), clock));
  // A vault is told from others by its host, which has to be one below that of its tokens' audience.
  const std::string vault = "https://demo.vault.localhost:" + std::to_string(self->port_);
  const std::string tenant = identity.https_url() + "/" + identity.issuer().tenant_id();
  self->add("key-vault", vault, "AZURE_KEY_VAULT_ENDPOINT",
            std::make_unique<KeyVaultService>(vault, "https://vault.localhost", tenant, identity.issuer(), clock));
  const std::string graph = origin + "/microsoft-graph";
  self->add("graph", graph, "MICROSOFT_GRAPH_ENDPOINT",
            std::make_unique<GraphService>(graph, identity.user(), identity.issuer(), clock));
  const std::string blob = origin + "/demostorage";
  self->add("blob", blob, "AZURE_STORAGE_BLOB_ENDPOINT",
            std::make_unique<BlobService>(blob, tenant, identity.issuer(), clock));
  self->server_ = std::make_unique<HttpServer>(
      std::move(*listener), [self](const Request& request) { return self->handle(request); }, clock, &identity.tls());
  return emulator;
}

ServicesEmulator::ServicesEmulator(IdentityEmulator& identity, int port) : identity_(identity), port_(port) {}

ServicesEmulator::~ServicesEmulator() {
  identity_.end_waits();
  // Before the server, which waits for code that runs.
  for (auto& service : services_) service.stand_in->stop();
}

void ServicesEmulator::add(std::string name, std::string url, std::string setting, std::unique_ptr<StandIn> stand_in) {
  services_.push_back({std::move(name), std::move(url), std::move(setting), std::move(stand_in)});
}

std::optional<Reply> ServicesEmulator::handle(const Request& request) {
  const std::string* host = find_header(request.headers, "Host");
  const std::string_view path = request.path();
  for (auto& service : services_) {
    const std::string_view prefix = path_of(service.url);
    const bool by_host = prefix.empty() && host != nullptr && equal_ignoring_case(*host, host_of(service.url));
    const bool by_path =
        !prefix.empty() && path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
    if (!by_host && !by_path) continue;
    return identity_.script().answer(
        service.name, request,
        [&](const Request& each) { return service.stand_in->handle(each, path.substr(prefix.size())); },
        [&](int status) { return service.stand_in->failure(status); });
  }
  return identity_.script().answer("unknown", request, [](const Request&) { return Reply{404, "", {}, ""}; });
}

Variables ServicesEmulator::variables() const {
  // Programs that use curl's conventions look at its own variable first, which the user's shell may have set.
  Variables variables = {{"CURL_CA_BUNDLE", identity_.ca_file().string()},
                         {"SSL_CERT_FILE", identity_.ca_file().string()}};
  for (const auto& service : services_) variables.emplace("AZF_DEMO_" + service.setting, service.url);
  return variables;
}

Json ServicesEmulator::describe() const {
  Json record{{"ca_file", identity_.ca_file().string()}};
  for (const auto& service : services_) record[member_name(service.name)] = service.url;
  return record;
}

}  // namespace azf::emulator
