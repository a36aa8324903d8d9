#include "core/mutex.h"
#include "functions/function_list.h"
#include "runtime/json_message.h"
#include "runtime/problem.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace azf::functions {
namespace {

using std::chrono::seconds;

// A part that has to wait for an identity service must not hold up the probe for longer.
constexpr seconds kCheckLimit{2};
// Anybody may ask, so asking must not become requests to an identity service without end.
constexpr seconds kAnswerLifetime{10};

// Anybody may read it, so it says no more than this; the log has the whole reason.
std::string_view public_reason(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kCredentialUnavailable: return "no credential is available";
    case ErrorKind::kAuthenticationFailed: return "the credential was refused";
    case ErrorKind::kTimeout: return "the identity service did not answer in time";
    default: return "the token could not be had";
  }
}

// What a service is called with says nothing about its users, so everybody may read it.
Json part_of(const azure::ServiceState& state) {
  Json part = {{"ready", state.is_usable()},
               {"breaker", std::string(to_string(state.breaker.state))},
               {"failures", state.breaker.failures},
               {"in_flight", state.bulkhead.in_flight},
               {"waiting", state.bulkhead.waiting}};
  if (!state.breaker.last_failure.empty()) part["last_failure"] = state.breaker.last_failure;
  if (!state.setting_problem.empty()) {
    part["reason"] = "its settings are wrong";
  } else if (!state.is_usable()) {
    part["reason"] = "it is taken for down, as too many calls in a row failed";
  }
  return part;
}

/// Checks the parts, at most once in kAnswerLifetime. Thread-safe: callers that come during a check wait for it.
class Readiness {
 public:
  explicit Readiness(const Services& services) : services_(services) {}

  HttpResponse respond(const InvocationContext& context) {
    const MutexLock lock(mutex_);
    const auto now = services_.clock.steady_now();
    if (!answer_ || now >= answer_until_) {
      answer_ = check(context);
      answer_until_ = services_.clock.steady_now() + kAnswerLifetime;
    }
    return *answer_;
  }

 private:
  HttpResponse check(const InvocationContext& context) const {
    bool ready = true;
    // That a request comes here shows that the functions are loaded.
    Json parts = {{"functions", {{"ready", true}, {"count", context.functions.size()}}}};
    const auto deadline = context.deadline.or_sooner(services_.clock, kCheckLimit);
    for (const auto& scope : declared_token_scopes(context.functions)) {
      const auto token = services_.credential.get_token({.scopes = {scope}, .tenant_id = {}, .claims = {}}, deadline);
      Json part = {{"ready", token.has_value()}};
      if (!token) {
        ready = false;
        part["reason"] = public_reason(token.error().kind);
        context.log.warning("not ready: no token", {{"scope", scope}, {"reason", token.error().message}});
      }
      parts["token " + scope] = std::move(part);
    }
    for (const auto& state : services_.azure.states()) {
      ready = ready && state.is_usable();
      parts["service " + state.name] = part_of(state);
    }
    auto response = json_response({{"ready", ready}, {"parts", std::move(parts)}}, ready ? 200 : 503);
    response.headers.set("Cache-Control", "no-store");
    return response;
  }

  const Services services_;

  Mutex mutex_;
  std::optional<HttpResponse> answer_ GUARDED_BY(mutex_);
  SteadyTime answer_until_ GUARDED_BY(mutex_);
};

HttpResponse live() {
  auto response = json_response({{"live", true}});
  response.headers.set("Cache-Control", "no-store");
  return response;
}

}  // namespace

/// GET /api/health/live: the process answers. GET /api/health/ready: it can do its work, or which part cannot and why.
Function health(const Services& services) {
  // Shared, because a handler is copyable and its copies must give one answer.
  auto readiness = std::make_shared<Readiness>(services);
  return http_function("health",
                       {.route = "health/{probe}", .methods = {Method::kGet}, .auth_level = AuthLevel::kAnonymous},
                       [readiness](const HttpRequest&, const InvocationContext& context) -> Result<HttpResponse> {
                         const auto probe = context.route_values.get("probe").value_or("");
                         if (equal_ignoring_case(probe, "live")) return live();
                         if (equal_ignoring_case(probe, "ready")) return readiness->respond(context);
                         return Error{ErrorKind::kNotFound, "There are the probes live and ready."};
                       });
}

}  // namespace azf::functions
