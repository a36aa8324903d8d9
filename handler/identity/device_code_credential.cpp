#include "identity/device_code_credential.h"

#include "core/json.h"
#include "core/mutex.h"
#include "identity/claims.h"
#include "identity/tenant.h"
#include "identity/text.h"
#include "identity/token_endpoint.h"
#include "identity/token_outcome.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string_view>
#include <utility>

namespace azf::identity {
namespace {

using std::chrono::seconds;

constexpr std::string_view kName = "DeviceCodeCredential";
// Registered by Microsoft for its developer tools, in all tenants.
constexpr std::string_view kDeveloperSignOn = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
// Without it Entra gives no refresh token.
constexpr std::string_view kKeepLogin = "offline_access";
// RFC 8628 section 3.2 and section 3.5.
constexpr seconds kDefaultInterval{5};
constexpr seconds kSlowDown{5};
constexpr seconds kDefaultLife{900};

// A device code with what its person and our loop have to know.
struct DeviceCode {
  Secret code;
  DeviceCodePrompt prompt;
  seconds interval = kDefaultInterval;
  seconds life = kDefaultLife;
};

// Whole seconds of a member within limits; `fallback` where it is absent or no number.
seconds seconds_member(const Json& object, std::string_view name, seconds fallback, seconds most) {
  const auto number = optional_integer(object, name);
  if (!number || !*number || **number <= 0) return fallback;
  return std::min(seconds(std::min<std::int64_t>(**number, most.count())), most);
}

Result<DeviceCode> parse_device_code(std::string_view body) {
  constexpr std::size_t kNameLimit = 512;
  constexpr std::size_t kMessageLimit = 2048;
  constexpr seconds kLongestInterval{60};
  constexpr seconds kLongestLife{3600};
  const auto reply = parse_json(body);
  if (!reply) return Error{ErrorKind::kUnexpectedResponse, "the reply is not JSON"};
  const auto code = required_string(*reply, "device_code");
  const auto user_code = required_string(*reply, "user_code");
  // The second name is that of drafts of the standard, which AD FS still has.
  auto uri = required_string(*reply, "verification_uri");
  if (!uri) uri = required_string(*reply, "verification_url");
  if (!code || !user_code || !uri) {
    return Error{ErrorKind::kUnexpectedResponse, "the reply lacks device_code, user_code or verification_uri"};
  }
  DeviceCode device;
  device.code = Secret(*code);
  device.prompt.user_code = printable(*user_code, kNameLimit);
  device.prompt.verification_uri = printable(*uri, kNameLimit);
  if (const auto message = required_string(*reply, "message")) {
    device.prompt.message = printable(*message, kMessageLimit);
  } else {
    device.prompt.message = "To sign in, open the page " + device.prompt.verification_uri + " and enter the code " +
                            device.prompt.user_code;
  }
  device.interval = seconds_member(*reply, "interval", kDefaultInterval, kLongestInterval);
  device.life = seconds_member(*reply, "expires_in", kDefaultLife, kLongestLife);
  return device;
}

std::string device_code_url(std::string_view authority, std::string_view tenant_id) {
  std::string url(authority);
  if (is_adfs(tenant_id)) return url.append("/adfs/oauth2/devicecode");
  return url.append("/").append(tenant_id).append("/oauth2/v2.0/devicecode");
}

// What one request for a token is about.
struct Request {
  std::string tenant_id;
  std::vector<std::string> scopes;
  std::string claims;
  Deadline deadline;
};

using Reply = Result<TokenReply, CredentialError>;

// Thread-safe: one caller at a time talks to Entra and to the person, the others wait at most until their deadlines.
class DeviceCodeCredential final : public TokenCredential {
 public:
  DeviceCodeCredential(DeviceCodeOptions options, const CredentialServices& services)
      : options_(std::move(options)), services_(services) {}

  [[nodiscard]] std::string_view name() const override { return kName; }

  TokenResult get_token(const TokenRequestContext& context, Deadline deadline) override {
    const auto refuse = [](const Error& error, Problem problem) {
      return refused(kName, error.kind, problem, error.message);
    };
    if (const auto valid = check_scopes(context.scopes); !valid) {
      return refuse(valid.error(), Problem::kInvalidRequest);
    }
    auto tenant = resolve_tenant(options_.tenant_id, context.tenant_id, options_.additionally_allowed_tenants,
                                 services_.environment);
    if (!tenant) return refuse(tenant.error(), Problem::kTenantNotAllowed);
    auto claims = claims_parameter(context.claims, context.enable_cae);
    if (!claims) return refuse(claims.error(), Problem::kInvalidRequest);
    Request request{std::move(*tenant), context.scopes, std::move(*claims), deadline};
    if (std::ranges::find(request.scopes, kKeepLogin) == request.scopes.end()) request.scopes.emplace_back(kKeepLogin);

    if (!begin_turn(deadline)) {
      return refused(kName, ErrorKind::kTimeout, Problem::kDeadlinePassed,
                     "no time was left while another caller waited for the login");
    }
    const Turn turn{*this};  // ends also where something throws, so that nobody waits for ever
    Reply reply = refresh_or_log_in(request);
    if (!reply) return std::move(reply).error();
    if (!reply->refresh_token.empty()) {
      const MutexLock lock(mutex_);
      refresh_token_ = std::move(reply->refresh_token);
    }
    return issued(kName, source_in(request), std::move(*reply));
  }

 private:
  struct Turn {
    DeviceCodeCredential& credential;
    ~Turn() { credential.end_turn(); }
  };

  bool begin_turn(Deadline deadline) {
    const MutexLock lock(mutex_);
    while (taken_) {
      if (deadline.passed(services_.clock)) return false;
      if (const auto instant = deadline.instant()) {
        freed_.wait_until(mutex_, *instant);
      } else {
        freed_.wait(mutex_);
      }
    }
    taken_ = true;
    return true;
  }

  void end_turn() {
    const MutexLock lock(mutex_);
    taken_ = false;
    freed_.notify_one();
  }

  Secret kept_refresh_token() {
    const MutexLock lock(mutex_);
    return refresh_token_.clone();
  }

  Reply refresh_or_log_in(const Request& request) {
    if (Secret token = kept_refresh_token(); !token.empty()) {
      Grant grant{.type = "refresh_token"};
      grant.secrets.emplace_back("refresh_token", std::move(token));
      Reply reply = ask(request, grant, request.scopes);
      const bool login_has_ended = !reply && (reply.error().oauth_error == "invalid_grant" ||
                                              reply.error().oauth_error == "interaction_required");
      if (!login_has_ended) return reply;
      const MutexLock lock(mutex_);
      refresh_token_ = Secret();
    }
    return log_in(request);
  }

  Reply log_in(const Request& request) {
    TokenCall call = call_for(request);
    call.request = token_request(device_code_url(options_.authority_host, request.tenant_id),
                                 {options_.client_id, request.scopes, Grant{.type = ""}, nullptr, request.claims});
    const auto response = send_authority_request(services_, call);
    if (!response) return response.error();
    const auto device = parse_device_code(response->body);
    if (!device) {
      return refusal(request, ErrorKind::kAuthenticationFailed, Problem::kUnexpectedReply,
                     "the request for a device code failed: " + device.error().message);
    }
    options_.show(device->prompt);
    return poll(request, *device);
  }

  Reply poll(const Request& request, const DeviceCode& device) {
    Grant grant{.type = "urn:ietf:params:oauth:grant-type:device_code"};
    grant.secrets.emplace_back("device_code", device.code.clone());
    const Deadline end = Deadline::after(services_.clock, device.life);
    const auto not_completed = [&](ErrorKind kind, std::string reason) -> Reply {
      return refusal(request, kind, Problem::kDeviceLoginNotCompleted, std::move(reason));
    };
    for (seconds interval = device.interval;;) {
      // A wait that would end too late is not begun, as between the tries of one request.
      if (request.deadline.remaining(services_.clock) <= interval) {
        return not_completed(ErrorKind::kTimeout, "the caller's time ended before the login was completed");
      }
      if (end.remaining(services_.clock) <= interval) {
        return not_completed(ErrorKind::kAuthenticationFailed, "the code ended before the login was completed");
      }
      services_.clock.sleep_for(interval);
      Reply reply = ask(request, grant, {});
      if (reply) return reply;
      const std::string& error = reply.error().oauth_error;
      if (error == "slow_down") {
        interval += kSlowDown;
      } else if (error == "authorization_declined" || error == "access_denied") {
        return not_completed(ErrorKind::kAuthenticationFailed, "the login was declined");
      } else if (error == "expired_token" || error == "code_expired") {
        return not_completed(ErrorKind::kAuthenticationFailed, "the code ended before the login was completed");
      } else if (error != "authorization_pending") {
        return reply;
      }
    }
  }

  Reply ask(const Request& request, const Grant& grant, const std::vector<std::string>& scopes) {
    TokenCall call = call_for(request);
    call.request = token_request(token_url(options_.authority_host, request.tenant_id),
                                 {options_.client_id, scopes, grant, nullptr, request.claims});
    for (const auto& [name, secret] : grant.secrets) call.secrets.push_back(secret.clone());
    return request_token(services_, call);
  }

  [[nodiscard]] TokenCall call_for(const Request& request) const {
    TokenCall call;
    call.credential = kName;
    call.source = source_in(request);
    call.options.deadline = request.deadline;
    call.options.retry = entra_retry_policy();
    return call;
  }

  [[nodiscard]] std::string source_in(const Request& request) const {
    return "login by device code to application " + options_.client_id + " in tenant " + request.tenant_id;
  }

  [[nodiscard]] CredentialError refusal(const Request& request, ErrorKind kind, Problem problem,
                                        std::string reason) const {
    return refused(kName,
                   {.kind = kind, .problem = problem, .reason = std::move(reason), .source = source_in(request)});
  }

  const DeviceCodeOptions options_;
  const CredentialServices services_;

  Mutex mutex_;
  ConditionVariable freed_;
  bool taken_ GUARDED_BY(mutex_) = false;
  Secret refresh_token_ GUARDED_BY(mutex_);
};

}  // namespace

Result<std::unique_ptr<TokenCredential>> create_device_code_credential(DeviceCodeOptions options,
                                                                       const CredentialServices& services) {
  if (!options.show) return Error{ErrorKind::kInvalidArgument, "there is nobody to show the device code to"};
  if (options.tenant_id.empty()) options.tenant_id = "organizations";
  if (options.client_id.empty()) options.client_id = kDeveloperSignOn;
  if (auto valid = check_tenant_id(options.tenant_id); !valid) return std::move(valid).error();
  auto authority = authority_host(options.authority_host, services.environment);
  if (!authority) return std::move(authority).error();
  options.authority_host = std::move(*authority);
  return std::make_unique<DeviceCodeCredential>(std::move(options), services);
}

}  // namespace azf::identity
