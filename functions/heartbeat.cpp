#include "core/time_text.h"
#include "functions/function_list.h"
#include "runtime/timer.h"

#include <chrono>
#include <string>

namespace azf::functions {
namespace {

// One identity service that hangs must not keep the tokens behind it from being refreshed.
constexpr std::chrono::seconds kTokenLimit{30};

Result<InvocationResult> beat(const Services& services, const Invocation& invocation,
                              const InvocationContext& context) {
  TimerStatus timer;
  if (const auto* value = invocation.input("timer")) {
    auto parsed = parse_timer_status(*value);
    if (!parsed) return std::move(parsed).error();
    timer = *parsed;
  }
  context.log.info("heartbeat", {{"past_due", timer.is_past_due ? "true" : "false"}});

  // Asking is enough: the cache behind the credential fetches a new token when the old one nears its end. A token
  // that cannot be had does not fail the tick, because a retry would only press an identity service that is in
  // trouble, and the next tick comes soon; the log and `health` tell of it.
  const auto scopes = declared_token_scopes(context.functions);
  std::size_t fresh = 0;
  for (const auto& scope : scopes) {
    const auto token = services.credential.get_token({.scopes = {scope}, .tenant_id = {}, .claims = {}},
                                                     context.deadline.or_sooner(services.clock, kTokenLimit));
    if (token) {
      ++fresh;
      context.log.info(
          "token is fresh",
          {{"scope", scope}, {"credential", (*token)->credential}, {"expires_on", to_rfc3339((*token)->expires_on)}});
    } else {
      context.log.warning(
          "no token",
          {{"scope", scope}, {"kind", std::string(to_string(token.error().kind))}, {"reason", token.error().message}});
    }
  }
  return InvocationResult{.logs = {"tokens fresh: " + std::to_string(fresh) + " of " + std::to_string(scopes.size())}};
}

}  // namespace

/// Every five minutes: a sign of life in the log, and fresh tokens for all functions that declared a need of them.
Function heartbeat(const Services& services) {
  return triggered_function({.name = "heartbeat", .bindings = {TimerTrigger{.schedule = "0 */5 * * * *"}}},
                            [services](const Invocation& invocation, const InvocationContext& context) {
                              return beat(services, invocation, context);
                            });
}

}  // namespace azf::functions
