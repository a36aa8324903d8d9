#include "azure/session_identifier.h"
#include "azure/session_pool_client.h"
#include "functions/caller_sessions.h"
#include "functions/demo.h"
#include "functions/function_list.h"
#include "functions/json_body.h"
#include "functions/service_call.h"
#include "functions/service_problem.h"
#include "runtime/json_message.h"
#include "runtime/problem.h"

#include <chrono>
#include <optional>
#include <string>
#include <utility>

namespace azf::functions {
namespace {

using std::chrono::seconds;

constexpr std::size_t kLongestCode = std::size_t{128} << 10;
constexpr seconds kDefaultTimeout{60};

struct ExecuteRequest {
  std::string code;
  std::optional<std::string> session;
  seconds timeout = kDefaultTimeout;
};

Problem wrong_field(std::string field, std::string message) {
  return {.status = 400, .errors = {{std::move(field), std::move(message)}}};
}

Result<ExecuteRequest, Problem> parse_execute_request(const HttpRequest& request) {
  const auto body = parse_json_body(request);
  if (!body) return body.error();

  auto code = optional_string(*body, "code");
  if (!code || !*code || (*code)->empty()) return wrong_field("code", "must be the code to run, as a string");
  if ((*code)->size() > kLongestCode) {
    Problem problem = wrong_field("code", "must have " + std::to_string(kLongestCode) + " bytes at most");
    problem.status = 413;
    return problem;
  }
  auto session = optional_string(*body, "session");
  if (!session) return wrong_field("session", "must be a string, as an earlier response gave it");
  const auto timeout = optional_integer(*body, "timeout");
  const auto asked = timeout ? timeout->value_or(kDefaultTimeout.count()) : 0;
  if (asked < azure::kShortestExecution.count() || asked > azure::kLongestExecution.count()) {
    return wrong_field("timeout", "must be a number of seconds from 1 to 220");
  }
  return ExecuteRequest{*std::move(*code), *std::move(session), seconds(asked)};
}

HttpResponse run(CallerSessions& sessions, const ExecuteRequest& request, const InvocationContext& context) {
  const auto session = sessions.find_or_issue(request.session);
  if (!session) return respond_with(session.error(), context);
  const auto execution =
      sessions.pool.execute(request.code, request.timeout, session->identifier, call_options(context));
  if (!execution) return respond_with(execution.error(), context);
  Json document = to_json(*execution);
  document["session"] = session->handle;
  auto response = json_response(document);
  response.headers.set("Cache-Control", "no-store");
  return response;
}

Result<HttpResponse> respond(const Services& services, const HttpRequest& request, const InvocationContext& context) {
  const auto parsed = parse_execute_request(request);
  if (!parsed) return to_response(parsed.error(), context.invocation_id);
  auto sessions = sessions_of(services, azure::session_caller(services.environment, request.headers));
  if (!sessions) return respond_with(sessions.error(), context);
  auto response = run(*sessions, *parsed, context);
  if (sessions->demo) mark_demo(response);
  return response;
}

}  // namespace

/// POST /api/execute {code, session?, timeout?}: runs code in a session of the pool, a new one or that of an earlier
/// call. Code that fails is no failure of the request.
Function execute(const Services& services) {
  return http_function(
      "execute", {.route = "execute", .methods = {Method::kPost}, .auth_level = AuthLevel::kFunction},
      [services](const HttpRequest& request, const InvocationContext& context) {
        return respond(services, request, context);
      },
      session_pool_scopes(services.environment));
}

}  // namespace azf::functions
