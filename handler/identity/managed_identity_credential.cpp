#include "identity/managed_identity_credential.h"

#include "http/retrying_transport.h"
#include "identity/arc_key.h"
#include "identity/managed_identity_source.h"
#include "identity/token_endpoint.h"
#include "identity/token_outcome.h"
#include "identity/token_reply.h"

#include <atomic>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace azf::identity {
namespace {

using Manner = ManagedIdentitySource::Manner;

constexpr std::string_view kName = "ManagedIdentityCredential";

SendOptions local_options(Deadline deadline) {
  SendOptions options;
  options.deadline = deadline;
  options.allow_plain_http = true;  // the builders have checked that the address is local
  options.use_proxy = false;
  return options;
}

// Thread-safe.
class ManagedIdentityCredential final : public TokenCredential {
 public:
  ManagedIdentityCredential(ManagedIdentity identity, ManagedIdentityOptions options,
                            const CredentialServices& services)
      : identity_(std::move(identity)), options_(std::move(options)), services_(services) {}

  [[nodiscard]] std::string_view name() const override { return kName; }

  TokenResult get_token(const TokenRequestContext& context, Deadline deadline) override {
    const auto resource = resource_of(context.scopes);
    if (!resource) return refused(kName, resource.error().kind, Problem::kInvalidRequest, resource.error().message);
    const auto& source = detect_managed_identity_source(services_.environment, options_.arc_agent_path);
    const bool imds = source.manner == Manner::kMetadataService;
    if (imds && options_.probe_imds && !imds_seen_) {
      if (auto refusal = probe(deadline)) return refuse(source, *std::move(refusal));
    }

    TokenResult result = ask(source, *resource, deadline);
    if (!result && result.error().status == 401 && source.manner == Manner::kRenewedSecret) {
      result = ask(source, *resource, deadline);
    }
    if (result && imds) imds_seen_ = true;
    return result;
  }

 private:
  // For people: where the token comes from.
  [[nodiscard]] std::string title(const ManagedIdentitySource& source) const {
    return std::string(source.name) + " managed identity, " + describe(identity_);
  }

  [[nodiscard]] CredentialError refuse(const ManagedIdentitySource& source, Refusal refusal) const {
    refusal.source = title(source);
    return refused(kName, std::move(refusal));
  }

  TokenResult ask(const ManagedIdentitySource& source, const std::string& resource, Deadline deadline) {
    auto built = source.build(services_.environment, resource, identity_);
    if (!built) return refuse(source, std::move(built).error());

    TokenCall call;
    call.credential = kName;
    call.source = title(source);
    call.request = std::move(built->request);
    call.secrets = std::move(built->secrets);
    call.options = local_options(deadline);
    call.options.try_timeout = source.try_timeout;
    call.options.pinned_certificate_sha1 = std::move(built->pinned_certificate_sha1);
    call.options.retry = source.retry_policy();
    // Where there is no IMDS nothing answers, now as little as in a minute.
    const bool seen = imds_seen_;
    if (source.manner == Manner::kMetadataService && !seen) call.options.retry.on_transport_errors = false;
    call.judge = [&source, request = call.request, seen](const Result<HttpResponse>& outcome) {
      return judge_managed_identity_failure(source, request, outcome, seen);
    };
    if (source.manner == Manner::kKeyFile) {
      if (auto error = answer_challenge(source, call)) return *std::move(error);
    }
    return send_token_request(services_, std::move(call));
  }

  // Asks without a key, and adds the one whose file the reply names. Nothing when `call` is ready to be sent.
  std::optional<CredentialError> answer_challenge(const ManagedIdentitySource& source, TokenCall& call) const {
    const Deadline& deadline = call.options.deadline;
    const auto too_late = [&](std::string reason) {
      return refuse(source, {ErrorKind::kTimeout, Problem::kDeadlinePassed, std::move(reason)});
    };
    if (deadline.passed(services_.clock)) return too_late("no time was left to ask the agent of Azure Arc");

    HttpRequest request = call.request;
    add_identification(request, services_.new_guid());
    const auto reply = services_.transport.send(request, call.options);
    if (!reply || reply->status != 401) {
      std::string reason = "the agent of Azure Arc ";
      if (!reply) {
        reason += "gave no answer: " + reply.error().message;
        if (deadline.passed(services_.clock)) return too_late(std::move(reason));
      } else {
        reason += "answered " + std::to_string(reply->status) + " where it has to ask for a key (401)";
        if (reply->status != 200) reason += ": " + parse_token_refusal(reply->body).text;
      }
      const Verdict verdict = call.judge(reply);
      CredentialError error = refuse(source, {verdict.kind, verdict.problem, std::move(reason)});
      if (!reply) return error;
      error.status = reply->status;
      error.retry_after = requested_delay(reply->headers, services_.clock.system_now());
      return error;
    }

    const auto unusable = [&](Problem problem, std::string reason) {
      CredentialError error = refuse(source, {ErrorKind::kCredentialUnavailable, problem, std::move(reason)});
      error.status = reply->status;
      return error;
    };
    const auto path = parse_arc_challenge(reply->headers);
    if (!path) return unusable(Problem::kUnexpectedReply, "the agent of Azure Arc: " + path.error().message);
    auto key = load_arc_key(options_.arc_key_directory, *path);
    if (!key) return unusable(Problem::kArcKeyUnusable, key.error().message);
    call.request.headers.set("Authorization", std::string("Basic ").append(key->expose()));
    call.secrets.push_back(*std::move(key));
    return std::nullopt;
  }

  // A request that IMDS refuses at once, for want of the Metadata header: any answer shows that it is there
  // (Azure/azure-sdk-for-go, sdk/azidentity/managed_identity_client.go). Nothing when it is.
  std::optional<Refusal> probe(Deadline deadline) {
    constexpr std::chrono::seconds kPatience{1};
    auto url = imds_token_url(services_.environment);
    if (!url) return Refusal{ErrorKind::kInvalidArgument, Problem::kInvalidSetting, url.error().message};
    if (deadline.passed(services_.clock)) {
      return Refusal{ErrorKind::kTimeout, Problem::kDeadlinePassed, "no time was left to look for IMDS"};
    }
    HttpRequest request;
    request.url = *std::move(url);
    add_identification(request, services_.new_guid());
    SendOptions options = local_options(deadline.or_sooner(services_.clock, kPatience));
    options.connect_timeout = kPatience;
    options.try_timeout = kPatience;
    const auto response = services_.transport.send(request, options);
    if (response && !is_not_from_imds(*response)) {
      imds_seen_ = true;
      return std::nullopt;
    }
    if (deadline.passed(services_.clock)) {
      return Refusal{ErrorKind::kTimeout, Problem::kDeadlinePassed, "no time was left to wait for IMDS"};
    }
    const std::string came_back = response ? "something else answered (" + std::to_string(response->status) + ")"
                                           : "no answer (" + response.error().message + ")";
    return Refusal{ErrorKind::kCredentialUnavailable, response ? Problem::kImdsForeign : Problem::kImdsUnreachable,
                   "no managed identity endpoint: IDENTITY_ENDPOINT and IDENTITY_HEADER are not set (App Service), and "
                   "at the address of IMDS " +
                       came_back};
  }

  const ManagedIdentity identity_;
  const ManagedIdentityOptions options_;
  const CredentialServices services_;

  std::atomic<bool> imds_seen_ = false;
};

}  // namespace

Result<std::unique_ptr<TokenCredential>> create_managed_identity_credential(ManagedIdentityOptions options,
                                                                            const CredentialServices& services) {
  ManagedIdentity identity;
  std::size_t ids = 0;
  const auto take = [&](ManagedIdentity::Kind kind, const std::string& id) {
    if (id.empty()) return;
    identity = {kind, id};
    ++ids;
  };
  take(ManagedIdentity::Kind::kClientId, options.client_id);
  take(ManagedIdentity::Kind::kObjectId, options.object_id);
  take(ManagedIdentity::Kind::kResourceId, options.resource_id);
  if (ids > 1) {
    return Error{ErrorKind::kInvalidArgument,
                 "only one of client id, object id and resource id can name a managed identity"};
  }
  return std::make_unique<ManagedIdentityCredential>(std::move(identity), std::move(options), services);
}

}  // namespace azf::identity
