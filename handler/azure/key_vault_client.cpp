#include "azure/key_vault_client.h"

#include "azure/next_link.h"
#include "azure/service_endpoint.h"
#include "http/url.h"
#include "identity/text.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace azf::azure {
namespace {

constexpr auto kName = "key-vault";
constexpr auto kApiVersion = "?api-version=2025-07-01";
constexpr std::size_t kNameLimit = 127;
constexpr std::size_t kVersionLimit = 64;
constexpr std::size_t kCodeLimit = 100;
// Of 25 names each.
constexpr int kMostPages = 400;

bool is_letter_or_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

ServiceError invalid_request(std::string message) {
  return to_service_error(kName, {ErrorKind::kInvalidArgument, std::move(message)});
}

ServiceError unexpected_reply(std::string message) {
  return to_service_error(kName, {ErrorKind::kUnexpectedResponse, std::move(message)});
}

// What to do about a 403 with that inner code.
std::string_view advice_on_forbidden(const ServiceRefusal& refusal) {
  if (refusal.inner_code == "ForbiddenByRbac") {
    return "give the app's identity the role \"Key Vault Secrets User\" on the vault; it takes effect within minutes";
  }
  if (refusal.inner_code == "ForbiddenByPolicy" || refusal.inner_code == "AccessDenied") {
    return "the vault uses access policies: give the app's identity the secret permissions Get and List, or change the "
           "vault to Azure RBAC with the role \"Key Vault Secrets User\"";
  }
  if (refusal.inner_code == "ForbiddenByFirewall") {
    return "the vault's firewall does not let the app in: allow its network, or give the vault a private endpoint";
  }
  if (refusal.inner_code == "SecretDisabled") return "the secret is disabled: enable it, or ask for another version";
  return "look at the role \"Key Vault Secrets User\" of the app's identity, and at the vault's firewall";
}

// AKV10032: the token's issuer is not the vault's tenant.
std::string_view advice_on_unauthorized(const ServiceRefusal& refusal) {
  if (refusal.message.find("AKV10032") != std::string::npos) {
    return "the token is of another tenant than the vault: use an identity of the vault's tenant";
  }
  return "the vault does not accept the token, or asks for one of a resource that is not its own: look at "
         "AZURE_KEY_VAULT_ENDPOINT, and at /api/token-status?scope=https://vault.azure.net/.default";
}

ServiceError refusal_error(const HttpResponse& reply, SystemTime now) {
  ServiceError error = parse_service_error(kName, reply, now);
  const auto refusal = parse_service_refusal(reply.body);
  std::string_view advice;
  switch (reply.status) {
    case 401: advice = advice_on_unauthorized(refusal); break;
    case 403:
      advice = advice_on_forbidden(refusal);
      // The outer code says no more than the status.
      if (!refusal.inner_code.empty()) error.code = identity::printable(refusal.inner_code, kCodeLimit);
      if (refusal.inner_code == "SecretDisabled") error.kind = ServiceErrorKind::kConflict;
      break;
    case 404: advice = "the vault has no such secret, or no such version of it"; break;
    case 409: advice = "the secret is deleted, and can be recovered or purged"; break;
    default: return error;
  }
  error.message.append(": ").append(advice);
  return error;
}

// Seconds since 1970; nothing if the member is absent or is no such time.
std::optional<SystemTime> time_member(const Json& object, std::string_view name) {
  constexpr std::int64_t kEndOf9999 = 253'402'300'799;
  const auto seconds = optional_integer(object, name);
  if (!seconds || !*seconds || **seconds < 0 || **seconds > kEndOf9999) return std::nullopt;
  return SystemTime(std::chrono::seconds(**seconds));
}

struct SecretId {
  std::string name;
  std::string version;
};

// `https://v.vault.azure.net/secrets/NAME/VERSION`, in a list without the version.
std::optional<SecretId> parse_secret_id(std::string_view id) {
  const auto url = parse_url(id);
  constexpr std::string_view kFolder = "/secrets/";
  if (!url || !url->path.starts_with(kFolder)) return std::nullopt;
  const auto rest = std::string_view(url->path).substr(kFolder.size());
  const auto slash = rest.find('/');
  const auto version = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  if (!is_secret_name(rest.substr(0, slash)) || (!version.empty() && !is_secret_version(version))) return std::nullopt;
  return SecretId{std::string(rest.substr(0, slash)), std::string(version)};
}

std::map<std::string, std::string> parse_tags(const Json& secret) {
  std::map<std::string, std::string> tags;
  const Json* members = find_member(secret, "tags");
  if (members == nullptr || !members->is_object()) return tags;
  for (const auto& [name, value] : members->items()) {
    if (value.is_string()) tags.emplace(name, value.get<std::string>());
  }
  return tags;
}

Result<SecretId> identity_of(const Json& secret) {
  const auto id = required_string(secret, "id");
  if (!id) return id.error();
  auto parsed = parse_secret_id(*id);
  if (!parsed) return Error{ErrorKind::kUnexpectedResponse, "the reply's id is not that of a secret"};
  return *std::move(parsed);
}

Result<KeyVaultSecret> parse_secret(const Json& secret) {
  auto value = optional_string(secret, "value");
  if (!value) return value.error();
  if (!*value) return Error{ErrorKind::kUnexpectedResponse, "the reply has no value"};
  auto id = identity_of(secret);
  if (!id) return id.error();
  SecretProperties properties{.name = std::move(id->name), .version = std::move(id->version)};
  const auto content_type = optional_string(secret, "contentType");
  if (content_type) properties.content_type = content_type->value_or("");
  properties.tags = parse_tags(secret);
  if (const Json* attributes = find_member(secret, "attributes")) {
    const Json* enabled = find_member(*attributes, "enabled");
    properties.enabled = enabled == nullptr || *enabled != false;
    properties.created = time_member(*attributes, "created");
    properties.updated = time_member(*attributes, "updated");
    properties.expires = time_member(*attributes, "exp");
    properties.not_before = time_member(*attributes, "nbf");
  }
  return KeyVaultSecret{std::move(properties), Secret(**value)};
}

}  // namespace

ServiceDescription KeyVault::description() { return {.name = kName, .follow_resource_challenge = true}; }

Result<KeyVault> load_key_vault(const Environment& environment) {
  auto endpoint = find_service_endpoint(environment, "AZURE_KEY_VAULT_ENDPOINT");
  if (!endpoint) return endpoint.error();
  return KeyVault{std::move(endpoint->url), endpoint->demo};
}

bool is_secret_name(std::string_view text) {
  return !text.empty() && text.size() <= kNameLimit &&
         std::ranges::all_of(text, [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

bool is_secret_version(std::string_view text) {
  return !text.empty() && text.size() <= kVersionLimit && std::ranges::all_of(text, is_letter_or_digit);
}

KeyVaultClient::KeyVaultClient(ServiceConnection& connection, KeyVault vault, const Clock& clock)
    : connection_(connection), vault_(std::move(vault)), clock_(clock) {}

Result<KeyVaultSecret, ServiceError> KeyVaultClient::get_secret(std::string_view name, std::string_view version,
                                                                const CallOptions& options) {
  if (!is_secret_name(name)) return invalid_request("the name of a secret has 1 to 127 letters, digits and dashes");
  if (!version.empty() && !is_secret_version(version)) {
    return invalid_request("the version of a secret has 1 to 64 letters and digits");
  }
  std::string url = vault_.url + "/secrets/" + std::string(name);
  if (!version.empty()) url.append("/").append(version);
  const auto reply = get(url + kApiVersion, options);
  if (!reply) return reply.error();
  auto secret = parse_secret(*reply);
  if (!secret) return unexpected_reply(secret.error().message);
  return *std::move(secret);
}

Result<std::vector<std::string>, ServiceError> KeyVaultClient::list_secret_names(const CallOptions& options) {
  std::vector<std::string> names;
  std::string url = vault_.url + "/secrets" + kApiVersion;
  for (int pages = 0; pages < kMostPages; ++pages) {
    const auto page = get(url, options);
    if (!page) return page.error();
    const Json* secrets = find_member(*page, "value");
    if (secrets == nullptr || !secrets->is_array()) return unexpected_reply("the reply has no list of secrets");
    for (const Json& secret : *secrets) {
      auto id = identity_of(secret);
      if (!id) return unexpected_reply(id.error().message);
      names.push_back(std::move(id->name));
    }
    const auto link = optional_string(*page, "nextLink");
    if (!link) return unexpected_reply(link.error().message);
    if (!*link || (*link)->empty()) break;
    if (const auto next = parse_next_link(**link, vault_.url); !next) return unexpected_reply(next.error().message);
    url = **link;
  }
  return names;
}

Result<Json, ServiceError> KeyVaultClient::get(const std::string& url, const CallOptions& options) {
  const auto reply = connection_.send({.url = url, .headers = {{"Accept", "application/json"}}}, options);
  if (!reply) return to_service_error(kName, reply.error());
  if (reply->status != 200) return refusal_error(*reply, clock_.system_now());
  auto json = parse_json(reply->body);
  if (!json) return unexpected_reply("the reply is " + json.error().message);
  return *std::move(json);
}

}  // namespace azf::azure
