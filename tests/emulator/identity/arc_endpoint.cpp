#include "emulator/identity/arc_endpoint.h"

#include "emulator/state_file.h"
#include "emulator/wire/coding.h"

#include <algorithm>
#include <array>
#include <system_error>
#include <utility>

namespace azf::emulator {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

constexpr seconds kLifetime{86399};
constexpr std::size_t kKeyBytes = 48;
constexpr auto kVersions = std::to_array<std::string_view>({"2019-08-15", "2019-11-01", "2020-06-01", "2021-02-01"});

Reply refuse(int status, const char* error, std::string description) {
  return json_reply(status, {{"error", error}, {"error_description", std::move(description)}});
}

std::string epoch_text(SystemTime time) {
  return std::to_string(std::chrono::floor<seconds>(time).time_since_epoch().count());
}

}  // namespace

ArcEndpoint::ArcEndpoint(Principal identity, fs::path key_folder, const TokenIssuer& issuer, const Clock& clock)
    : identity_(std::move(identity)), key_folder_(std::move(key_folder)), issuer_(issuer), clock_(clock) {}

ArcEndpoint::~ArcEndpoint() {
  const MutexLock lock(mutex_);
  std::error_code ignored;
  for (const auto& [file, key] : keys_) fs::remove(file, ignored);
}

Reply ArcEndpoint::handle(const Request& request) {
  if (request.method != "GET") return refuse(405, "invalid_request", "Only GET is supported");
  const std::string* metadata = find_header(request.headers, "Metadata");
  if (metadata == nullptr || !equal_ignoring_case(*metadata, "true")) {
    return refuse(400, "invalid_request", "Required metadata header not specified");
  }
  const Parameters query = parse_parameters(request.query());
  const std::string* version = find_parameter(query, "api-version");
  if (version == nullptr || std::find(kVersions.begin(), kVersions.end(), *version) == kVersions.end()) {
    return refuse(400, "invalid_request", "api-version is missing or not supported");
  }
  const std::string* resource = find_parameter(query, "resource");
  if (resource == nullptr || resource->empty()) return refuse(400, "invalid_request", "resource is missing");
  // A machine has its own identity alone; an older agent gave its token to whoever asked for another one.
  if (query.size() != 2) return refuse(400, "invalid_request", "Only api-version and resource are read");
  const std::string* authorization = find_header(request.headers, "Authorization");
  if (authorization == nullptr || !use_key(*authorization)) return challenge();
  const SystemTime now = clock_.system_now();
  return json_reply(200, {{"access_token", issuer_.issue(identity_, *resource, ClientProof::kAssertion, kLifetime)},
                          {"expires_in", std::to_string(kLifetime.count())},
                          {"expires_on", epoch_text(now + kLifetime)},
                          {"ext_expires_in", std::to_string(kLifetime.count())},
                          {"not_before", epoch_text(now)},
                          {"resource", *resource},
                          {"token_type", "Bearer"}});
}

Reply ArcEndpoint::challenge() {
  std::error_code ignored;
  fs::create_directories(key_folder_, ignored);
  const fs::path file = key_folder_ / (new_guid() + ".key");
  Secret key(to_base64url(random_bytes(kKeyBytes)));
  if (const auto written = write_state_file(file, key.expose()); !written) {
    return refuse(500, "server_error", "The agent cannot write its key: " + written.error().message);
  }
  {
    const MutexLock lock(mutex_);
    keys_.insert_or_assign(file, std::move(key));
  }
  Reply reply = refuse(401, "unauthorized_client", "Missing Basic Authorization header, or the key is not known");
  reply.headers.push_back({"WWW-Authenticate", "Basic realm=" + file.string()});
  return reply;
}

bool ArcEndpoint::use_key(std::string_view authorization) {
  constexpr std::string_view kScheme = "Basic ";
  if (!authorization.starts_with(kScheme)) return false;
  const Secret shown(authorization.substr(kScheme.size()));
  const MutexLock lock(mutex_);
  const auto found = std::find_if(keys_.begin(), keys_.end(), [&](const auto& entry) { return entry.second == shown; });
  if (found == keys_.end()) return false;
  std::error_code ignored;
  fs::remove(found->first, ignored);
  keys_.erase(found);
  return true;
}

}  // namespace azf::emulator
