#include "azure/session_identifier.h"
#include "functions/agent_loop.h"
#include "functions/caller_sessions.h"
#include "functions/chat_model.h"
#include "functions/demo.h"
#include "functions/event_stream.h"
#include "functions/function_list.h"
#include "functions/json_body.h"
#include "functions/service_call.h"
#include "functions/service_problem.h"
#include "runtime/json_message.h"
#include "runtime/problem.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace azf::functions {
namespace {

using azure::CodeSession;

constexpr std::size_t kLongestQuestion = std::size_t{64} << 10;

struct AgentCall {
  std::string question;
  std::optional<std::string> session;
  bool streamed = false;
};

Result<AgentCall, Problem> parse_agent_call(const HttpRequest& request) {
  const auto body = parse_json_body(request);
  if (!body) return body.error();
  std::vector<FieldError> errors;
  auto question = required_string(*body, "question");
  if (!question || question->size() > kLongestQuestion) {
    errors.push_back({"question", "must be a text of 1 to " + std::to_string(kLongestQuestion) + " bytes"});
  }
  auto session = optional_string(*body, "session");
  if (!session) errors.push_back({"session", "must be a string, as an earlier response gave it"});
  const bool streamed = flag_member(*body, "stream", errors);
  if (!errors.empty()) return Problem{.status = 400, .errors = std::move(errors)};
  return AgentCall{*std::move(question), *std::move(session), streamed};
}

std::vector<std::string> scopes_of(const Environment& environment) {
  auto scopes = chat_model_scopes(environment);
  for (auto& scope : session_pool_scopes(environment)) scopes.push_back(std::move(scope));
  return scopes;
}

// Sends what the agent does as events, the session before all others.
class AgentEvents final : public AgentListener {
 public:
  AgentEvents(EventStream& events, Json session) : events_(events), session_(std::move(session)) {}

  Result<Success> take_text(std::string_view delta) override { return send("text", {{"delta", delta}}); }
  Result<Success> take_code(const AgentStep& step) override {
    return send("code", {{"id", step.id}, {"code", step.code}});
  }
  Result<Success> take_output(const AgentStep& step) override {
    Json output = to_json(step.execution);
    output["id"] = step.id;
    return send("output", output);
  }

 private:
  Result<Success> send(std::string_view type, const Json& data) {
    if (!events_.begun()) {
      if (auto sent = events_.send("session", session_); !sent) return sent;
    }
    return events_.send(type, data);
  }

  EventStream& events_;
  const Json session_;
};

// What serves one request.
class AgentInvocation {
 public:
  AgentInvocation(const Services& services, azure::ChatClient& model, const AgentLimits& limits,
                  CallerSessions& sessions, const InvocationContext& context)
      : services_(services),
        model_(model),
        limits_(limits),
        sessions_(sessions),
        context_(context),
        demo_(model.deployment().demo || sessions.demo) {}

  Result<HttpResponse> respond(const AgentCall& call) {
    const auto session = sessions_.find_or_issue(call.session);
    if (!session) return marked(respond_with(session.error(), context_));
    return call.streamed ? stream(call.question, *session) : marked(complete(call.question, *session));
  }

 private:
  HttpResponse complete(std::string_view question, const CodeSession& session) {
    const auto run = run_agent(tools(session, nullptr), question, limits_, call_options(context_));
    if (!run) return failure(run.error(), session);
    return json_response({{"answer", run->answer},
                          {"session", session.handle},
                          {"steps", to_json(run->steps)},
                          {"rounds", run->rounds},
                          {"usage", to_json(run->usage)}});
  }

  Result<HttpResponse> stream(std::string_view question, const CodeSession& session) {
    EventStream events(context_.exchange.response, services_.clock,
                       demo_ ? EventStream::Origin::kStandIn : EventStream::Origin::kService);
    Json first = {{"session", session.handle}};
    if (demo_) mark_demo(first);
    AgentEvents listener(events, std::move(first));
    const auto run = run_agent(tools(session, &listener), question, limits_,
                               {.deadline = context_.deadline, .cancelled = [&] { return events.abandoned(); }});
    if (run) return events.finish({{"answer", run->answer}, {"rounds", run->rounds}, {"usage", to_json(run->usage)}});
    if (!events.begun()) return marked(failure(run.error(), session));
    log(run.error());
    return events.fail(to_problem(run.error(), limits_), context_.invocation_id);
  }

  AgentTools tools(const CodeSession& session, AgentListener* listener) {
    return {.model = model_,
            .run_code = runner_in(sessions_.pool, session.identifier),
            .clock = services_.clock,
            .listener = listener};
  }

  // With what was done until then: it has been paid for, and the session goes on.
  HttpResponse failure(const AgentError& error, const CodeSession& session) const {
    log(error);
    Problem problem = to_problem(error, limits_);
    problem.extensions["session"] = session.handle;
    problem.extensions["steps"] = to_json(error.so_far.steps);
    problem.extensions["rounds"] = error.so_far.rounds;
    auto response = to_response(problem, context_.invocation_id);
    if (const auto* service = std::get_if<azure::ServiceError>(&error.reason)) set_retry_after(response, *service);
    return response;
  }

  void log(const AgentError& error) const {
    if (const auto* service = std::get_if<azure::ServiceError>(&error.reason)) {
      log_service_error(*service, context_);
    } else {
      context_.log.warning("an agent reached a limit", {{"rounds", std::to_string(error.so_far.rounds)},
                                                        {"steps", std::to_string(error.so_far.steps.size())}});
    }
  }

  HttpResponse marked(HttpResponse response) const {
    response.headers.set("Cache-Control", "no-store");
    if (demo_) mark_demo(response);
    return response;
  }

  const Services& services_;
  azure::ChatClient& model_;
  const AgentLimits& limits_;
  CallerSessions& sessions_;
  const InvocationContext& context_;
  const bool demo_;
};

}  // namespace

/// POST /api/agent {question, session?, stream?}: the chat model answers, and may run Python code in a session of the
/// pool on the way. As server-sent events each step is shown while it is done.
Function agent(const Services& services) {
  return http_function(
      "agent", {.route = "agent", .methods = {Method::kPost}, .auth_level = AuthLevel::kFunction},
      [services, model = connect_chat_model(services), limits = load_agent_limits(services.environment)](
          const HttpRequest& request, const InvocationContext& context) -> Result<HttpResponse> {
        const auto call = parse_agent_call(request);
        if (!call) return to_response(call.error(), context.invocation_id);
        if (!model) return respond_with(model.error(), context);
        if (!limits) return respond_with(azure::not_configured(limits.error()), context);
        auto sessions = sessions_of(services, azure::session_caller(services.environment, request.headers));
        if (!sessions) return respond_with(sessions.error(), context);
        return AgentInvocation(services, **model, *limits, *sessions, context).respond(*call);
      },
      scopes_of(services.environment));
}

}  // namespace azf::functions
