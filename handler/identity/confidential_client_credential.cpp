#include "identity/confidential_client_credential.h"

#include "http/message.h"
#include "identity/claims.h"
#include "identity/tenant.h"

#include <utility>

namespace azf::identity {
namespace {

// Immutable, thread-safe.
class ConfidentialClientCredential final : public TokenCredential {
 public:
  ConfidentialClientCredential(ConfidentialClient client, const CredentialServices& services)
      : client_(std::move(client)), services_(services) {}

  [[nodiscard]] std::string_view name() const override { return client_.credential; }

  TokenResult get_token(const TokenRequestContext& context, Deadline deadline) override {
    if (const auto valid = check_scopes(context.scopes); !valid) {
      return refuse(valid.error(), Problem::kInvalidRequest);
    }
    const auto tenant = resolve_tenant(client_.tenant_id, context.tenant_id, client_.additionally_allowed_tenants,
                                       services_.environment);
    if (!tenant) return refuse(tenant.error(), Problem::kTenantNotAllowed);
    const auto claims = claims_parameter(context.claims, context.enable_cae);
    if (!claims) return refuse(claims.error(), Problem::kInvalidRequest);

    ProofRequest proof{client_.client_id, *tenant, token_url(client_.authority_host, *tenant),
                       services_.clock.system_now(), deadline};
    TokenResult result = ask(proof, context.scopes, *claims);
    if (result || !client_.proof.dated || !result.error().clock_ahead) return result;
    services_.log.warning("the clock of this machine is wrong; signing again by the server's time",
                          {{"ahead_seconds", std::to_string(result.error().clock_ahead->count())}});
    proof.now = services_.clock.system_now() - *result.error().clock_ahead;
    return ask(proof, context.scopes, *claims);
  }

 private:
  [[nodiscard]] TokenResult ask(const ProofRequest& request, const std::vector<std::string>& scopes,
                                const std::string& claims) const {
    auto proof = client_.proof.make(request);
    if (!proof) return refused(client_.credential, std::move(proof).error());

    TokenCall call;
    call.credential = client_.credential;
    call.source = client_.proof.name + " of application " + client_.client_id + " in tenant " + request.tenant_id;
    call.request = token_request(request.token_url, {client_.client_id, scopes, client_.grant, &*proof, claims});
    call.options.deadline = request.deadline;
    call.options.retry = entra_retry_policy();
    call.secrets.push_back(std::move(proof->value));
    for (const auto& [name, secret] : client_.grant.secrets) call.secrets.push_back(secret.clone());
    if (!client_.reroute) return send_token_request(services_, std::move(call));
    auto rerouted = client_.reroute(std::move(call));
    if (!rerouted) return refused(client_.credential, std::move(rerouted).error());
    return send_token_request(services_, std::move(*rerouted));
  }

  [[nodiscard]] CredentialError refuse(const Error& error, Problem problem) const {
    return refused(client_.credential, error.kind, problem, error.message);
  }

  const ConfidentialClient client_;
  const CredentialServices services_;
};

// These name no tenant; an application's own token needs one.
bool names_many_tenants(std::string_view tenant_id) {
  return equal_ignoring_case(tenant_id, "common") || equal_ignoring_case(tenant_id, "organizations") ||
         equal_ignoring_case(tenant_id, "consumers");
}

}  // namespace

Result<std::unique_ptr<TokenCredential>> create_confidential_client_credential(ConfidentialClient client,
                                                                               const CredentialServices& services) {
  const auto invalid = [](std::string what) { return Error{ErrorKind::kInvalidArgument, std::move(what)}; };
  if (auto valid = check_tenant_id(client.tenant_id); !valid) return std::move(valid).error();
  if (names_many_tenants(client.tenant_id)) {
    return invalid("an application gets tokens from one tenant: give its id instead of " + client.tenant_id);
  }
  if (client.client_id.empty()) return invalid("the client id (application id) is missing");
  auto authority = authority_host(client.authority_host, services.environment);
  if (!authority) return std::move(authority).error();
  client.authority_host = std::move(*authority);
  return std::make_unique<ConfidentialClientCredential>(std::move(client), services);
}

}  // namespace azf::identity
