#include "identity/bearer_transport.h"

#include "core/base64.h"
#include "core/json.h"
#include "http/challenge.h"
#include "http/url.h"
#include "identity/advice.h"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

namespace azf::identity {
namespace {

constexpr std::size_t kMostHosts = 256;

// The claims of a challenge, as JSON text. Services write either alphabet of Base64, with or without padding.
std::optional<std::string> decoded_claims(std::string_view text) {
  std::string url_safe(text);
  while (url_safe.ends_with('=')) url_safe.pop_back();
  std::ranges::replace(url_safe, '+', '-');
  std::ranges::replace(url_safe, '/', '_');
  auto claims = from_base64url(url_safe);
  if (!claims) return std::nullopt;
  const auto json = parse_json(*claims);
  return json && json->is_object() ? claims : std::nullopt;
}

// RFC 9110 and "Claims challenges, claims requests, and client capabilities" of the Microsoft identity platform.
std::optional<std::string> claims_challenge(const std::vector<Challenge>& challenges) {
  for (const Challenge& challenge : challenges) {
    if (!equal_ignoring_case(challenge.scheme, "Bearer") || challenge.parameter("error") != "insufficient_claims")
      continue;
    if (const auto claims = challenge.parameter("claims")) return decoded_claims(*claims);
  }
  return std::nullopt;
}

// Whether `host` is below the host of the resource: on the border of a label, or `evilvault.azure.net` would be below
// `vault.azure.net`.
bool is_below(std::string_view host, std::string_view resource_host) {
  return host.size() > resource_host.size() + 1 && host.ends_with(resource_host) &&
         host[host.size() - resource_host.size() - 1] == '.';
}

struct ResourceChallenge {
  std::string scope;
  std::string tenant_id;
};

// Key Vault: `authorization` (or `authorization_uri`) names the tenant, `resource` or `scope` the audience. The host of
// the authority is not believed, only its first path segment.
std::optional<ResourceChallenge> resource_challenge(const std::vector<Challenge>& challenges, std::string_view host) {
  for (const Challenge& challenge : challenges) {
    if (!equal_ignoring_case(challenge.scheme, "Bearer")) continue;
    auto authority = challenge.parameter("authorization");
    if (!authority) authority = challenge.parameter("authorization_uri");
    auto audience = challenge.parameter("resource");
    std::string scope;
    if (audience) {
      while (audience->ends_with('/')) audience->remove_suffix(1);
      scope = std::string(*audience) + "/.default";
    } else if ((audience = challenge.parameter("scope"))) {
      scope = *audience;
    }
    const auto resource = parse_url(audience.value_or(""));
    const auto login = parse_url(authority.value_or(""));
    if (!resource || resource->scheme != "https" || !is_below(host, resource->host) || !login) continue;
    const std::string_view path = std::string_view(login->path).substr(1);
    return ResourceChallenge{std::move(scope), std::string(path.substr(0, path.find('/')))};
  }
  return std::nullopt;
}

}  // namespace

BearerTransport::BearerTransport(HttpTransport& inner, TokenCredential& credential, BearerOptions options,
                                 const CredentialServices& services)
    : inner_(inner), credential_(credential), options_(std::move(options)), services_(services) {}

Result<HttpResponse> BearerTransport::send(const HttpRequest& request, const SendOptions& options) {
  const auto url = parse_url(request.url);
  if (!url) return url.error();
  if (url->scheme != "https" && !options_.allow_plain_http) {
    return Error{ErrorKind::kInvalidArgument,
                 without_query(*url) + ": a token is sent over https only, as anybody on the way could use it"};
  }

  Audience audience = audience_of(url->host);
  std::string claims;
  bool may_learn = options_.follow_resource_challenge;
  bool may_satisfy_claims = true;
  while (true) {
    HttpRequest sent = request;
    std::shared_ptr<const AccessToken> token;
    if (audience.scopes.empty() && may_learn) {
      sent.body.clear();
    } else {
      const auto result = credential_.get_token({.scopes = audience.scopes,
                                                 .tenant_id = audience.tenant_id,
                                                 .claims = std::exchange(claims, {}),
                                                 .enable_cae = true},
                                                options.deadline);
      if (!result) return result.error().to_error();
      token = *result;
      sent.headers.set("Authorization", "Bearer " + std::string(token->token.expose()));
    }
    auto response = inner_.send(sent, options);
    if (!response || (response->status != 401 && response->status != 403)) return response;

    const auto challenges = parse_challenges(response->headers);
    if (auto wanted = claims_challenge(challenges); wanted && may_satisfy_claims && response->status == 401) {
      claims = *std::move(wanted);
      may_satisfy_claims = false;
      continue;
    }
    const auto learned = resource_challenge(challenges, url->host);
    if (learned && may_learn && response->status == 401) {
      may_learn = false;
      const Audience named{{learned->scope}, learned->tenant_id};
      if (token == nullptr || !(named == audience)) {
        audience = named;
        remember(url->host, audience);
        continue;
      }
    }
    const std::string_view code = to_string(response->status == 401 ? Problem::kWrongAudience : Problem::kMissingRole);
    if (token != nullptr && response->status == 401) credential_.discard(*token);
    services_.log.warning("a service refused the token", {{"service", without_query(*url)},
                                                          {"status", std::to_string(response->status)},
                                                          {"code", std::string(code)},
                                                          {"what_to_do", std::string(next_step_for(code))}});
    return response;
  }
}

BearerTransport::Audience BearerTransport::audience_of(const std::string& host) {
  const MutexLock lock(mutex_);
  const auto found = learned_.find(host);
  return found == learned_.end() ? Audience{options_.scopes, {}} : found->second;
}

void BearerTransport::remember(const std::string& host, const Audience& audience) {
  const MutexLock lock(mutex_);
  if (learned_.size() >= kMostHosts) learned_.clear();
  learned_[host] = audience;
}

}  // namespace azf::identity
