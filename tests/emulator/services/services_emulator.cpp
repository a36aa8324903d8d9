#include "emulator/services/services_emulator.h"

#include "emulator/services/blob_service.h"
#include "emulator/services/graph_service.h"
#include "emulator/services/key_vault_service.h"
#include "emulator/services/openai_service.h"
#include "emulator/services/sessions_service.h"
#include "emulator/wire/coding.h"
#include "emulator/wire/stream.h"

#include <algorithm>
#include <stdexcept>
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

// What of a reply goes out before the connection breaks, framed as the whole.
void send_beginning(const Reply& reply, ReplyWriter& writer) {
  Reply head = reply;
  std::string body = reply.body;
  for (const auto& piece : reply.pieces) body += piece;
  if (reply.pieces.empty() && find_header(reply.headers, "Content-Length") == nullptr) {
    set_header(head.headers, "Content-Length", std::to_string(body.size()));
  }
  (void)writer.begin(head);
  (void)writer.write(body.substr(0, *reply.cut_after));
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

  std::unique_ptr<ServicesEmulator> emulator(new ServicesEmulator(std::move(*listener), identity, clock));
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
  const MutexLock lock(self->mutex_);
  if (auto serving = self->serve(); !serving) return std::move(serving).error();
  return emulator;
}

ServicesEmulator::ServicesEmulator(FileDescriptor listener, IdentityEmulator& identity, const Clock& clock)
    : listener_(std::move(listener)), identity_(identity), clock_(clock), port_(local_port(listener_)) {}

ServicesEmulator::~ServicesEmulator() {
  identity_.end_waits();
  stop_.request_stop();
  // Before the servers, which wait for code that runs.
  for (auto& service : services_) service.stand_in->stop();
  std::vector<std::unique_ptr<Run>> runs;
  const MutexLock lock(mutex_);
  runs.swap(runs_);
}

void ServicesEmulator::add(std::string name, std::string url, std::string setting, std::unique_ptr<StandIn> stand_in) {
  services_.push_back({std::move(name), std::move(url), std::move(setting), std::move(stand_in)});
}

Result<Success> ServicesEmulator::serve() {
  auto tls = TlsContext::server(identity_.authority().server_certificate, identity_.authority().server_key);
  if (!tls) return std::move(tls).error();
  auto listener = duplicate(listener_);
  if (!listener) return std::move(listener).error();
  if (auto listening = listen_again(*listener); !listening) return listening;
  auto& run = *runs_.emplace_back(std::make_unique<Run>(Run{std::move(*tls)}));
  run.server = std::make_unique<HttpServer>(
      std::move(*listener), [this](const Request& request, ReplyWriter& writer) { return handle(request, writer); },
      clock_, &run.tls);
  return Success{};
}

// By the request with which it shall happen, whose own connection is among those that break.
void ServicesEmulator::restart(std::chrono::milliseconds away) {
  {
    const MutexLock lock(mutex_);
    if (runs_.empty() || std::exchange(away_, true)) return;
    runs_.back()->server->go_away();
  }
  for (auto& service : services_) service.stand_in->restart();
  const bool ending = stop_.wait(Deadline::after(clock_, away));
  const MutexLock lock(mutex_);
  away_ = false;
  if (ending || runs_.empty()) return;
  if (const auto serving = serve(); !serving) throw std::logic_error(serving.error().message);
}

std::optional<Reply> ServicesEmulator::handle(const Request& request, ReplyWriter& writer) {
  auto scene = play(request);
  if (!scene.away) return std::move(scene.reply);
  if (scene.reply) send_beginning(*scene.reply, writer);
  restart(*scene.away);
  return std::nullopt;
}

EndpointScript::Scene ServicesEmulator::play(const Request& request) {
  const std::string* host = find_header(request.headers, "Host");
  const std::string_view path = request.path();
  for (auto& service : services_) {
    const std::string_view prefix = path_of(service.url);
    const bool by_host = prefix.empty() && host != nullptr && equal_ignoring_case(*host, host_of(service.url));
    const bool by_path =
        !prefix.empty() && path.starts_with(prefix) && (path.size() == prefix.size() || path[prefix.size()] == '/');
    if (!by_host && !by_path) continue;
    return identity_.script().play(
        service.name, request,
        [&](const Request& each) { return service.stand_in->handle(each, path.substr(prefix.size())); },
        [&](int status) { return service.stand_in->failure(status); });
  }
  return identity_.script().play("unknown", request, [](const Request&) { return Reply{404, "", {}, ""}; });
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
