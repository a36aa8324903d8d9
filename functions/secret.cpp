#include "azure/key_vault_client.h"
#include "core/time_text.h"
#include "functions/demo.h"
#include "functions/function_list.h"
#include "functions/service_call.h"
#include "functions/service_problem.h"
#include "http/url.h"
#include "runtime/json_message.h"
#include "runtime/problem.h"

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace azf::functions {
namespace {

using azure::KeyVault;
using azure::KeyVaultClient;

constexpr std::chrono::seconds kCallLimit{30};
// Without it only what describes a secret is shown: whoever has the function's key need not have the secrets.
constexpr auto kValuesSetting = "AZF_SECRET_VALUES";

Json or_null(const std::optional<SystemTime>& time) { return time ? Json(to_rfc3339(*time)) : Json(); }

Json described(const azure::SecretProperties& secret) {
  return {{"name", secret.name},
          {"version", secret.version},
          {"enabled", secret.enabled},
          {"created", or_null(secret.created)},
          {"updated", or_null(secret.updated)},
          {"expires", or_null(secret.expires)},
          {"not_before", or_null(secret.not_before)},
          {"content_type", secret.content_type},
          {"tags", secret.tags}};
}

std::optional<Problem> check(std::optional<std::string_view> name, std::string_view version) {
  if (name && !azure::is_secret_name(*name)) {
    return Problem{.status = 400, .errors = {{"name", "must have 1 to 127 letters, digits and dashes"}}};
  }
  if (!version.empty() && !azure::is_secret_version(version)) {
    return Problem{.status = 400, .errors = {{"version", "must have 1 to 64 letters and digits"}}};
  }
  return std::nullopt;
}

HttpResponse list(KeyVaultClient& vault, const azure::CallOptions& options, const InvocationContext& context) {
  const auto names = vault.list_secret_names(options);
  return names ? json_response({{"names", *names}}) : respond_with(names.error(), context);
}

HttpResponse show(KeyVaultClient& vault, std::string_view name, std::string_view version, bool with_value,
                  const azure::CallOptions& options, const InvocationContext& context) {
  const auto secret = vault.get_secret(name, version, options);
  if (!secret) return respond_with(secret.error(), context);
  Json document = described(secret->properties);
  if (with_value) document["value"] = std::string(secret->value.expose());
  return json_response(document);
}

HttpResponse respond(const Services& services, const KeyVault& vault, const HttpRequest& request,
                     const InvocationContext& context) {
  const auto name = context.route_values.get("name");
  const std::string version = query_parameter(request.url, "version").value_or("");
  if (const auto problem = check(name, version)) return to_response(*problem, context.invocation_id);
  auto options = call_options(context);
  options.deadline = context.deadline.or_sooner(services.clock, kCallLimit);
  KeyVaultClient client(services.azure.connect(KeyVault::description()), vault, services.clock);
  if (!name) return list(client, options, context);
  return show(client, *name, version, services.environment.get(kValuesSetting) == "allow", options, context);
}

}  // namespace

/// GET /api/secrets/{name}?version=...: what the vault says of a secret, and where AZF_SECRET_VALUES is `allow` its
/// value. GET /api/secrets: the names of all.
Function secret(const Services& services) {
  return http_function("secret",
                       {.route = "secrets/{name?}", .methods = {Method::kGet}, .auth_level = AuthLevel::kFunction},
                       [services, vault = azure::load_key_vault(services.environment)](
                           const HttpRequest& request, const InvocationContext& context) -> Result<HttpResponse> {
                         if (!vault) return respond_with(azure::not_configured(vault.error()), context);
                         auto response = respond(services, *vault, request, context);
                         response.headers.set("Cache-Control", "no-store");
                         if (vault->demo) mark_demo(response);
                         return response;
                       });
}

}  // namespace azf::functions
