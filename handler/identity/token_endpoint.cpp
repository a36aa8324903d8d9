#include "identity/token_endpoint.h"

#include "core/json.h"
#include "core/time_text.h"
#include "http/retrying_transport.h"
#include "identity/tenant.h"
#include "identity/token_outcome.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace azf::identity {
namespace {

using std::chrono::milliseconds;

constexpr std::string_view kPublicCloud = "https://login.microsoftonline.com";
constexpr std::string_view kDefaultSuffix = "/.default";

// How far this machine's clock is ahead of the server's, where Entra has refused an assertion's time window and the
// reply's Date tells why; else nothing.
std::optional<std::chrono::seconds> clock_skew(const HttpResponse& response, SystemTime now,
                                               const std::vector<int>& error_codes) {
  constexpr int kOutsideTimeWindow = 700024;
  constexpr std::chrono::minutes kTolerance{5};
  const auto date = parse_http_date(response.headers.get("date").value_or(""));
  if (!date || std::ranges::find(error_codes, kOutsideTimeWindow) == error_codes.end()) return std::nullopt;
  const auto ahead = std::chrono::round<std::chrono::seconds>(now - *date);
  if (std::chrono::abs(ahead) <= kTolerance) return std::nullopt;
  return ahead;
}

// `POST https://host/path`: without the query, which may name more than a message should.
std::string request_line(const HttpRequest& request) {
  return std::string(to_string(request.method)).append(" ").append(request.url, 0, request.url.find('?'));
}

CredentialError refuse(const TokenCall& call, Verdict verdict, std::string reason) {
  return refused(call.credential, {.kind = verdict.kind,
                                   .problem = verdict.problem,
                                   .reason = without_secrets(std::move(reason), call.secrets),
                                   .source = call.source});
}

// As deep as `parse_json` allows.
void redact(Json& value, const std::vector<Secret>& secrets) {
  if (value.is_string()) value = without_secrets(value.get<std::string>(), secrets);
  if (!value.is_structured()) return;
  for (Json& member : value) redact(member, secrets);
}

// JSON without secrets in its texts; what is no JSON stays as it is. After parsing, as servers escape as they like.
std::string json_without_secrets(std::string text, const std::vector<Secret>& secrets) {
  auto json = parse_json(text);
  if (!json) return text;
  redact(*json, secrets);
  return to_text(*json);
}

// Of a reply other than 200.
CredentialError refusal_of(const TokenCall& call, const HttpResponse& response, SystemTime now) {
  // Before long texts are cut: a part of a secret is not recognised.
  TokenRefusal refusal = parse_token_refusal(json_without_secrets(response.body, call.secrets));
  Verdict verdict = call.judge(response);
  std::string reason =
      request_line(call.request) + " answered " + std::to_string(response.status) + ": " + refusal.text;
  const auto ahead = clock_skew(response, now, refusal.error_codes);
  if (ahead) {
    verdict.problem = Problem::kClockSkew;
    reason.append("; this machine's clock is ").append(std::to_string(std::chrono::abs(*ahead).count()));
    reason.append(ahead->count() > 0 ? " s ahead of" : " s behind").append(" the server's");
  }
  CredentialError error = refuse(call, verdict, std::move(reason));
  if (const std::string code = aadsts_code(refusal.error_codes); !code.empty() && !ahead) {
    Attempt& attempt = error.attempts.back();
    attempt.code = code;
    if (const auto step = next_step_for(code); !step.empty()) attempt.next_step = step;
    error.message = message_of(attempt);
  }
  error.status = response.status;
  error.error_codes = std::move(refusal.error_codes);
  error.correlation_id = without_secrets(std::move(refusal.correlation_id), call.secrets);
  error.oauth_error = without_secrets(std::move(refusal.error), call.secrets);
  error.claims = json_without_secrets(std::move(refusal.claims), call.secrets);
  error.clock_ahead = ahead;
  error.retry_after = requested_delay(response.headers, now);
  return error;
}

}  // namespace

Result<std::string> authority_host(std::string_view configured, const Environment& environment) {
  const bool by_option = !configured.empty();
  std::string_view host = by_option ? configured : environment.get("AZURE_AUTHORITY_HOST").value_or(kPublicCloud);
  while (host.ends_with('/')) host.remove_suffix(1);
  const std::string_view origin = by_option ? "the authority host" : "AZURE_AUTHORITY_HOST";
  const auto url = parse_url(host);
  if (!url) return with_context(url.error(), origin);
  if (url->scheme != "https" || !url->query.empty()) {
    return Error{ErrorKind::kInvalidArgument,
                 std::string(origin) + ": must be an https URL without a query, such as " + std::string(kPublicCloud)};
  }
  return std::string(host);
}

std::string token_url(std::string_view authority, std::string_view tenant_id) {
  std::string url(authority);
  if (is_adfs(tenant_id)) return url.append("/adfs/oauth2/token");
  return url.append("/").append(tenant_id).append("/oauth2/v2.0/token");
}

Result<Success> check_scopes(const std::vector<std::string>& scopes) {
  for (const std::string& scope : scopes) {
    if (scope.empty()) return Error{ErrorKind::kInvalidArgument, "a scope is empty"};
  }
  if (!scopes.empty()) return Success{};
  return Error{ErrorKind::kInvalidArgument, "no scope given; name one, such as https://vault.azure.net/.default"};
}

Result<std::string> resource_of(const std::vector<std::string>& scopes) {
  if (auto valid = check_scopes(scopes); !valid) return std::move(valid).error();
  if (scopes.size() != 1) {
    return Error{ErrorKind::kInvalidArgument, "requires exactly one scope, because its tokens are for one resource; " +
                                                  std::to_string(scopes.size()) + " were given"};
  }
  std::string_view resource = scopes.front();
  if (resource.ends_with(kDefaultSuffix)) resource.remove_suffix(kDefaultSuffix.size());
  return std::string(resource);
}

HttpRequest token_request(std::string_view url, const TokenForm& form) {
  std::string scope;
  for (const std::string& each : form.scopes) {
    if (!scope.empty()) scope.push_back(' ');
    scope.append(each);
  }
  std::vector<NameValue> fields = {{"client_id", std::string(form.client_id)}};
  if (!form.grant.type.empty()) fields.emplace_back("grant_type", form.grant.type);
  if (!scope.empty()) fields.emplace_back("scope", std::move(scope));
  fields.insert(fields.end(), form.grant.fields.begin(), form.grant.fields.end());
  for (const auto& [name, secret] : form.grant.secrets) fields.emplace_back(name, secret.expose());
  if (form.proof != nullptr && form.proof->kind == ClientProof::Kind::kSecret) {
    fields.emplace_back("client_secret", form.proof->value.expose());
  }
  if (form.proof != nullptr && form.proof->kind == ClientProof::Kind::kAssertion) {
    fields.emplace_back("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    fields.emplace_back("client_assertion", form.proof->value.expose());
  }
  if (!form.claims.empty()) fields.emplace_back("claims", form.claims);

  HttpRequest request;
  request.method = Method::kPost;
  request.url = url;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = form_encode(fields);
  return request;
}

RetryPolicy entra_retry_policy() {
  RetryPolicy policy;
  policy.max_retries = 3;
  policy.base_delay = milliseconds(800);
  policy.growth = RetryPolicy::Growth::kDoublingLessOne;
  policy.statuses = {408, 429, 500, 502, 503, 504};
  return policy;
}

RetryPolicy managed_identity_retry_policy() { return entra_retry_policy(); }

RetryPolicy imds_retry_policy() {
  RetryPolicy policy = entra_retry_policy();
  policy.delay_limit = milliseconds(25'000);
  policy.total_limit = milliseconds(150'000);
  policy.statuses = {408, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511};
  policy.rules = {{.statuses = {404, 429}, .max_retries = 5},
                  {.statuses = {410}, .max_retries = 5, .persist_for = milliseconds(70'000)}};
  return policy;
}

void add_identification(HttpRequest& request, const std::string& request_id) {
  request.headers.set("User-Agent", AZF_USER_AGENT);  // from CMakeLists.txt, which knows version and platform
  request.headers.set("Accept", "application/json");
  request.headers.set("client-request-id", request_id);
  request.headers.set("return-client-request-id", "true");
  request.headers.set("x-ms-client-request-id", request_id);
}

Verdict judge_entra_failure(const Result<HttpResponse>& outcome) {
  constexpr ErrorKind kFailed = ErrorKind::kAuthenticationFailed;
  if (!outcome) {
    // The transport's name for a certificate that is not trusted.
    const bool distrusted = outcome.error().kind == ErrorKind::kUnexpectedResponse;
    return {kFailed, distrusted ? Problem::kServerNotTrusted : Problem::kAuthorityUnreachable};
  }
  if (outcome->status == 200) return {kFailed, Problem::kUnexpectedReply};
  return {kFailed, outcome->status == 429 ? Problem::kThrottled : Problem::kAuthorityRefused};
}

std::string without_secrets(std::string text, const std::vector<Secret>& secrets) {
  constexpr std::string_view kMark = "[secret]";
  for (const Secret& secret : secrets) {
    if (secret.empty()) continue;
    for (auto at = text.find(secret.expose()); at != std::string::npos; at = text.find(secret.expose(), at)) {
      text.replace(at, secret.size(), kMark);
      at += kMark.size();
    }
  }
  return text;
}

Result<HttpResponse, CredentialError> send_authority_request(const CredentialServices& services, TokenCall& call) {
  const Deadline& deadline = call.options.deadline;
  constexpr Verdict kTooLate{ErrorKind::kTimeout, Problem::kDeadlinePassed};
  if (deadline.passed(services.clock)) {
    return refuse(call, kTooLate, "no time was left to send " + request_line(call.request));
  }
  add_identification(call.request, services.new_guid());
  auto response = services.transport.send(call.request, call.options);
  if (!response) {
    return refuse(call, deadline.passed(services.clock) ? kTooLate : call.judge(response),
                  request_line(call.request) + " got no answer: " + response.error().message);
  }
  if (response->status != 200) return refusal_of(call, *response, services.clock.system_now());
  return std::move(*response);
}

Result<TokenReply, CredentialError> request_token(const CredentialServices& services, TokenCall& call) {
  const SystemTime sent = services.clock.system_now();
  const auto response = send_authority_request(services, call);
  if (!response) return response.error();
  auto reply = parse_token_reply(response->body, sent);
  if (reply) return std::move(*reply);
  CredentialError error =
      refuse(call, call.judge(*response),
             request_line(call.request) + " answered 200 without a usable token: " + reply.error().message);
  error.status = response->status;
  return error;
}

TokenResult send_token_request(const CredentialServices& services, TokenCall call) {
  auto reply = request_token(services, call);
  if (!reply) return std::move(reply).error();
  return issued(call.credential, std::move(call.source), std::move(*reply));
}

}  // namespace azf::identity
