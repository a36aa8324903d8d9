#include "core/time_text.h"
#include "functions/function_list.h"
#include "http/url.h"
#include "identity/attempt_json.h"
#include "identity/token_claims.h"
#include "runtime/json_message.h"
#include "runtime/problem.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>

namespace azf::functions {
namespace {

constexpr auto kDefaultScope = "https://management.azure.com/.default";
constexpr std::size_t kScopeLimit = 256;
constexpr std::chrono::seconds kTokenLimit{30};

// The characters that Azure SDKs admit; a blank would make two scopes of one.
bool is_scope(std::string_view text) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(":/._-").find(c) != std::string_view::npos;
  };
  return !text.empty() && text.size() <= kScopeLimit && std::ranges::all_of(text, allowed);
}

Json or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

HttpResponse status_of(const std::string& scope, const identity::AccessToken& token) {
  const auto claims = identity::read_token_claims(token.token.expose());
  auto response = json_response({{"scope", scope},
                                 {"credential", token.credential},
                                 {"attempts", identity::attempts_json(token.attempts)},
                                 {"tenant_id", or_null(claims.tenant_id)},
                                 {"principal_id", or_null(claims.principal_id)},
                                 {"audience", or_null(claims.audience)},
                                 {"expires_on", to_rfc3339(token.expires_on)},
                                 {"refresh_on", token.refresh_on ? Json(to_rfc3339(*token.refresh_on)) : Json()}});
  response.headers.set("Cache-Control", "no-store");
  return response;
}

// The caller has the function's key and asks just for this, so the reasons are shown.
Problem refusal(const std::string& scope, const identity::CredentialError& error) {
  Problem problem = to_problem(error.to_error());
  problem.detail = error.message;
  problem.extensions = {
      {"scope", scope}, {"kind", to_string(error.kind)}, {"attempts", identity::attempts_json(error.attempts)}};
  if (!error.correlation_id.empty()) problem.extensions["correlationId"] = error.correlation_id;
  return problem;
}

Result<HttpResponse> respond(const Services& services, const HttpRequest& request, const InvocationContext& context) {
  const std::string scope = query_parameter(request.url, "scope").value_or(kDefaultScope);
  if (!is_scope(scope)) {
    const Problem problem{.status = 400,
                          .errors = {{"scope", "must be one scope, such as " + std::string(kDefaultScope)}}};
    return to_response(problem, context.invocation_id);
  }
  const auto token = services.credential.get_token({.scopes = {scope}, .tenant_id = {}, .claims = {}},
                                                   context.deadline.or_sooner(services.clock, kTokenLimit));
  if (token) return status_of(scope, **token);
  context.log.warning(
      "no token",
      {{"scope", scope}, {"kind", std::string(to_string(token.error().kind))}, {"reason", token.error().message}});
  return to_response(refusal(scope, token.error()), context.invocation_id);
}

}  // namespace

/// GET /api/token-status?scope=...: which credential gets a token, for whom and until when, or why there is none.
/// Never the token.
Function token_status(const Services& services) {
  return http_function("token-status",
                       {.route = "token-status", .methods = {Method::kGet}, .auth_level = AuthLevel::kFunction},
                       [services](const HttpRequest& request, const InvocationContext& context) {
                         return respond(services, request, context);
                       },
                       {kDefaultScope});
}

}  // namespace azf::functions
