#include "azure/session_identifier.h"
#include "functions/agent_loop.h"
#include "functions/caller_sessions.h"
#include "functions/chat_model.h"
#include "functions/demo.h"
#include "functions/function_list.h"
#include "functions/service_problem.h"
#include "functions/shortened.h"
#include "runtime/problem.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace azf::functions {
namespace {

using azure::ServiceError;
using azure::ServiceErrorKind;

constexpr std::size_t kLongestId = 200;
// A queue takes 64 KiB, and the host writes Base64.
constexpr std::size_t kLargestResult = 48'000;
// Of the code of a step, in a result that would be too large.
constexpr std::size_t kCodeExcerpt = 500;
// The host's `maxDequeueCount`: after so many tries a message goes to the poison queue, and nobody answers it.
constexpr std::int64_t kMostTries = 5;

struct AgentJob {
  std::string id;
  std::string question;
  std::optional<std::string> session;
};

// Of a message that may be wrong in every way.
Json id_in(const Json& message) {
  const auto id = optional_string(message, "id");
  return id && *id && (*id)->size() <= kLongestId ? Json(**id) : Json();
}

Result<AgentJob, Problem> parse_agent_job(const Json& message) {
  std::vector<FieldError> errors;
  auto id = required_string(message, "id");
  if (!id || id->size() > kLongestId) {
    errors.push_back({"id", "must be a text of 1 to " + std::to_string(kLongestId) + " bytes"});
  }
  auto question = required_string(message, "question");
  if (!question) errors.push_back({"question", "must be a text that is not empty"});
  auto session = optional_string(message, "session");
  if (!session) errors.push_back({"session", "must be a string, as an earlier result gave it"});
  if (!errors.empty()) return Problem{.status = 400, .errors = std::move(errors)};
  return AgentJob{*std::move(id), *std::move(question), *std::move(session)};
}

// Makes a result fit into a queue: outputs first, then steps, then the end of the answer.
void fit(Json& result) {
  if (to_text(result).size() <= kLargestResult) return;
  Json steps = Json::array();
  for (const Json& step : result.at("steps")) {
    steps.push_back({{"code", shortened(step.at("code").get<std::string>(), kCodeExcerpt)},
                     {"status", step.at("status")},
                     {"duration_ms", step.at("duration_ms")},
                     {"truncated", true}});
  }
  result["steps"] = std::move(steps);
  if (to_text(result).size() <= kLargestResult) return;
  result["steps_omitted"] = result.at("steps").size();
  result["steps"] = Json::array();
  const auto answer = result.value("answer", std::string());
  for (auto limit = kLargestResult / 2; to_text(result).size() > kLargestResult && limit > 0; limit /= 2) {
    result["answer"] = shortened(answer, limit);
  }
}

InvocationResult put(Json result) {
  fit(result);
  return {.outputs = {{"output", TextOutput{to_text(result)}}}};
}

Json failed(const Json& id, const Problem& problem, const InvocationContext& context) {
  return {{"id", id},
          {"error", to_document(problem, context.invocation_id)},
          {"steps", Json::array()},
          {"session", nullptr}};
}

bool may_pass(ServiceErrorKind kind) {
  switch (kind) {
    case ServiceErrorKind::kBrokenOff:
    case ServiceErrorKind::kConflict:
    case ServiceErrorKind::kNoToken:
    case ServiceErrorKind::kRateLimited:
    case ServiceErrorKind::kTimeout:
    case ServiceErrorKind::kUnavailable:
    case ServiceErrorKind::kUnreachable: return true;
    default: return false;
  }
}

// Whether the queue shall bring the message again: a service was in trouble, no code can have run yet, and it is not
// the last try.
bool is_worth_another_try(const AgentError& error, const Invocation& invocation) {
  const auto* service = std::get_if<ServiceError>(&error.reason);
  return service != nullptr && may_pass(service->kind) && !error.so_far.code_may_have_run &&
         invocation.metadata_integer("DequeueCount").value_or(1) < kMostTries;
}

Result<InvocationResult> work(const Services& services, azure::ChatClient& model, const AgentLimits& limits,
                              const AgentJob& job, const Invocation& invocation, const InvocationContext& context) {
  auto sessions = sessions_of(services, std::string(azure::kAnonymousCaller));
  if (!sessions) return put(failed(job.id, to_problem(sessions.error()), context));
  const auto session = sessions->find_or_issue(job.session);
  if (!session) return put(failed(job.id, to_problem(session.error()), context));

  const AgentTools tools{
      .model = model, .run_code = runner_in(sessions->pool, session->identifier), .clock = services.clock};
  const auto run = run_agent(tools, job.question, limits, {.deadline = context.deadline});
  if (!run && is_worth_another_try(run.error(), invocation)) {
    const auto& error = std::get<ServiceError>(run.error().reason);
    log_service_error(error, context);
    return Error{ErrorKind::kTransport, error.message};
  }
  Json result;
  if (run) {
    result = {{"id", job.id}, {"answer", run->answer}, {"rounds", run->rounds}, {"usage", to_json(run->usage)}};
  } else {
    if (const auto* error = std::get_if<ServiceError>(&run.error().reason)) log_service_error(*error, context);
    result = failed(job.id, to_problem(run.error(), limits), context);
  }
  result["session"] = session->handle;
  result["steps"] = to_json((run ? *run : run.error().so_far).steps);
  if (model.deployment().demo || sessions->demo) mark_demo(result);
  return put(std::move(result));
}

}  // namespace

/// Takes each message `{"id", "question", "session"?}` of the queue agent-jobs, has the agent answer it, and puts
/// `{"id", "answer" or "error", "steps", "session"}` on agent-results. A question that failed because a service was in
/// trouble comes again, as the queue has it.
Function agent_job(const Services& services) {
  return triggered_function(
      {.name = "agent-job",
       .bindings = {QueueTrigger{.queue_name = "agent-jobs"}, QueueOutput{.queue_name = "agent-results"}}},
      [services, model = connect_chat_model(services), limits = load_agent_limits(services.environment)](
          const Invocation& invocation, const InvocationContext& context) -> Result<InvocationResult> {
        const auto* text = invocation.input("message");
        const auto message = parse_json(text == nullptr ? "" : text->text);
        if (!message) {
          return put(
              failed(nullptr, {.status = 400, .detail = "The message is " + message.error().message + "."}, context));
        }
        const auto job = parse_agent_job(*message);
        const Json id = id_in(*message);
        if (!job) return put(failed(id, job.error(), context));
        if (!model) return put(failed(id, to_problem(model.error()), context));
        if (!limits) return put(failed(id, to_problem(azure::not_configured(limits.error())), context));
        return work(services, **model, *limits, *job, invocation, context);
      });
}

}  // namespace azf::functions
