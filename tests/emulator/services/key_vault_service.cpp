#include "emulator/services/key_vault_service.h"

#include "emulator/wire/coding.h"

#include <charconv>
#include <chrono>
#include <regex>
#include <utility>

namespace azf::emulator {
namespace {

constexpr std::string_view kSecrets = "/secrets";
constexpr std::size_t kPageSize = 25;

Reply error_reply(int status, std::string code, std::string message, const char* inner_code = nullptr) {
  Json error{{"code", std::move(code)}, {"message", std::move(message)}};
  if (inner_code != nullptr) error["innererror"] = {{"code", inner_code}};
  return json_reply(status, {{"error", std::move(error)}});
}

Reply not_found(const std::string& name) {
  return error_reply(404, "SecretNotFound",
                     "A secret with (name/id) " + name +
                         " was not found in this key vault. If you recently deleted this secret you may be able to "
                         "recover it using the correct recovery command.");
}

Reply forbidden() {
  return error_reply(403, "Forbidden",
                     "Caller is not authorized to perform action on resource.\r\nIf role assignments, deny assignments "
                     "or role definitions were changed recently, please observe propagation time.\r\n"
                     "Action: 'Microsoft.KeyVault/vaults/secrets/getSecret/action'\r\nAssignment: (not found)\r\n"
                     "DecisionReason: 'DeniedWithNoValidRBAC'",
                     "ForbiddenByRbac");
}

std::string new_version() {
  std::string id = new_guid();
  std::erase(id, '-');
  return id;
}

std::string number_text(int number) {
  std::string text(number < 10 ? "0" : "");
  return text.append(std::to_string(number));
}

}  // namespace

KeyVaultService::KeyVaultService(std::string url, std::string audience, std::string authority,
                                 const TokenIssuer& issuer, const Clock& clock)
    : url_(std::move(url)),
      authority_(std::move(authority)),
      tokens_(std::move(audience), issuer, clock),
      created_(clock.system_now()) {
  add("demo-greeting", {"an older greeting of the stand-in", "hello from the stand-in for Key Vault"});
  add("database-password", {"not-a-real-password"});
  add("api-token", {"not-a-real-token"});
  add("disabled-secret", {"never shown"});
  add("forbidden-secret", {"never shown"});
  secrets_["disabled-secret"].enabled = false;
  secrets_["forbidden-secret"].forbidden = true;
  for (int i = 1; i <= 30; ++i) add("item-" + number_text(i), {"made-up value " + number_text(i)});
}

void KeyVaultService::add(const std::string& name, const std::vector<std::string>& values) {
  for (const auto& value : values) secrets_[name].versions.push_back({new_version(), value});
}

Reply KeyVaultService::failure(int status) const {
  switch (status) {
    case 401: return challenge(TokenFlaw::kMissing);
    case 403: return forbidden();
    case 404: return not_found("?");
    case 429:
      return error_reply(429, "Throttled", "Request was not processed because too many requests were received.");
    default: return error_reply(status, "InternalServerError", "The vault failed.");
  }
}

Reply KeyVaultService::challenge(TokenFlaw flaw) const {
  Reply reply = flaw == TokenFlaw::kMissing
                    ? error_reply(401, "Unauthorized", "AKV10000: Request is missing a Bearer or PoP token.")
                    : error_reply(401, "Unauthorized", "AKV10022: " + std::string(explain(flaw)));
  reply.headers.push_back(
      {"WWW-Authenticate", "Bearer authorization=\"" + authority_ + "\", resource=\"" + tokens_.audience() + "\""});
  return reply;
}

Reply KeyVaultService::handle(const Request& request, std::string_view path) {
  Reply reply = answer(request, path);
  reply.headers.push_back({"x-ms-request-id", new_guid()});
  reply.headers.push_back({"x-ms-keyvault-region", "emulator"});
  reply.headers.push_back({"Cache-Control", "no-cache"});
  return reply;
}

Reply KeyVaultService::answer(const Request& request, std::string_view path) const {
  if (const auto flaw = tokens_.look(request).flaw; flaw != TokenFlaw::kNone) return challenge(flaw);
  const Parameters query = parse_parameters(request.query());
  const std::string* version = find_parameter(query, "api-version");
  static const std::regex kVersion(R"(7\.\d(-preview\.\d)?|20\d\d-\d\d-\d\d(-preview\.\d)?)");
  if (version == nullptr) return error_reply(400, "BadParameter", "api-version must be specified");
  if (!std::regex_match(*version, kVersion)) {
    return error_reply(400, "BadParameter", "The specified version (" + *version + ") is not recognized.");
  }
  if (path != kSecrets && !path.starts_with("/secrets/")) return error_reply(404, "NotFound", "There is no such path.");
  if (request.method != "GET") return error_reply(405, "MethodNotAllowed", "The stand-in's secrets are only read.");
  path.remove_prefix(kSecrets.size());
  while (path.ends_with('/')) path.remove_suffix(1);
  if (path.empty()) return list(request);
  path.remove_prefix(1);
  const auto slash = std::min(path.find('/'), path.size());
  const std::string name = percent_decoded(path.substr(0, slash));
  const std::string_view rest = path.substr(std::min(slash + 1, path.size()));
  static const std::regex kName("[0-9A-Za-z-]{1,127}");
  if (!std::regex_match(name, kName)) {
    return error_reply(400, "BadParameter", "The request URI contains an invalid name: " + name);
  }
  return rest == "versions" ? list_versions(name) : get(name, rest);
}

Json KeyVaultService::attributes(const StoredSecret& secret) const {
  const auto created = std::chrono::floor<std::chrono::seconds>(created_).time_since_epoch().count();
  return {{"enabled", secret.enabled},
          {"created", created},
          {"updated", created},
          {"recoveryLevel", "Recoverable+Purgeable"},
          {"recoverableDays", 90}};
}

Reply KeyVaultService::get(const std::string& name, std::string_view version) const {
  const auto found = secrets_.find(name);
  if (found == secrets_.end()) return not_found(name);
  const StoredSecret& secret = found->second;
  if (secret.forbidden) return forbidden();
  if (!secret.enabled) {
    return error_reply(403, "Forbidden", "Operation get is not allowed on a disabled secret.", "SecretDisabled");
  }
  for (auto each = secret.versions.rbegin(); each != secret.versions.rend(); ++each) {
    if (!version.empty() && each->id != version) continue;
    return json_reply(200, {{"value", each->value},
                            {"contentType", "text/plain"},
                            {"id", url_ + "/secrets/" + name + "/" + each->id},
                            {"attributes", attributes(secret)},
                            {"tags", {{"made-by", "emulator"}}}});
  }
  return not_found(name + "/" + std::string(version));
}

Reply KeyVaultService::list(const Request& request) const {
  const Parameters query = parse_parameters(request.query());
  std::size_t size = kPageSize;
  if (const std::string* wanted = find_parameter(query, "maxresults")) {
    const auto end = std::from_chars(wanted->data(), wanted->data() + wanted->size(), size).ptr;
    if (end != wanted->data() + wanted->size() || size < 1 || size > kPageSize) {
      return error_reply(400, "BadParameter", "maxresults must be between 1 and 25.");
    }
  }
  const std::string* token = find_parameter(query, "$skiptoken");
  Json page = Json::array();
  auto secret = secrets_.lower_bound(token == nullptr ? "" : parse_base64url(*token).value_or(""));
  for (; secret != secrets_.end() && page.size() < size; ++secret) {
    page.push_back({{"id", url_ + "/secrets/" + secret->first},
                    {"contentType", "text/plain"},
                    {"attributes", attributes(secret->second)},
                    {"tags", {{"made-by", "emulator"}}}});
  }
  Json next;
  if (secret != secrets_.end()) {
    next = url_ + "/secrets?api-version=" + percent_encoded(*find_parameter(query, "api-version")) +
           "&maxresults=" + std::to_string(size) + "&$skiptoken=" + to_base64url(secret->first);
  }
  return json_reply(200, {{"value", std::move(page)}, {"nextLink", std::move(next)}});
}

Reply KeyVaultService::list_versions(const std::string& name) const {
  const auto found = secrets_.find(name);
  Json page = Json::array();
  if (found != secrets_.end()) {
    for (const auto& version : found->second.versions) {
      page.push_back({{"id", url_ + "/secrets/" + name + "/" + version.id}, {"attributes", attributes(found->second)}});
    }
  }
  return json_reply(200, {{"value", std::move(page)}, {"nextLink", nullptr}});
}

}  // namespace azf::emulator
