#include "functions/agent_loop.h"

#include "core/setting_problems.h"
#include "functions/caller_sessions.h"
#include "functions/service_problem.h"
#include "functions/shortened.h"

#include <algorithm>
#include <array>
#include <utility>

namespace azf::functions {
namespace {

using azure::ChatError;
using azure::ChatReply;
using azure::ChatRequest;
using azure::ChatRole;
using azure::Execution;
using azure::ServiceError;
using azure::ServiceErrorKind;
using azure::ToolCall;

constexpr std::string_view kToolName = "run_python";
constexpr std::chrono::seconds kCodeTimeout{60};
// Of one reply; more are a model that has lost its way.
constexpr std::size_t kMostCalls = 8;

constexpr std::string_view kInstructions =
    "You answer questions. Where a question needs computing, data or files, call run_python instead of guessing. The "
    "code runs in a session of its own without network: variables stay from call to call, files belong in /mnt/data. "
    "Print what you want to see. If code fails, read the error and mend it. Say what you could not find out, and never "
    "claim to have run what you have not. Answer in the language of the question.";

azure::ChatTool python_tool() {
  return {.name = std::string(kToolName),
          .description = "Runs Python code, and gives its output and the value of its last expression.",
          .parameters = {{"type", "object"},
                         {"properties", {{"code", {{"type", "string"}, {"description", "Python source code"}}}}},
                         {"required", Json::array({"code"})},
                         {"additionalProperties", false}}};
}

// A setting that is a number, and where it goes.
struct LimitSetting {
  std::string_view name;
  NumberRange range;
  void (*apply)(AgentLimits& limits, unsigned value);
};

constexpr auto kLimitSettings = std::to_array<LimitSetting>({
    {"AZF_AGENT_MAX_ROUNDS", {1, 50}, [](AgentLimits& limits, unsigned value) { limits.max_rounds = value; }},
    {"AZF_AGENT_TIME_SECONDS",
     {1, 3600, "a whole number of seconds"},
     [](AgentLimits& limits, unsigned value) { limits.time = std::chrono::seconds(value); }},
    {"AZF_AGENT_OUTPUT_BYTES",
     {100, 1'000'000},
     [](AgentLimits& limits, unsigned value) { limits.output_bytes = value; }},
    {"AZF_AGENT_TOTAL_OUTPUT_BYTES",
     {100, 10'000'000},
     [](AgentLimits& limits, unsigned value) { limits.total_output_bytes = value; }},
});

std::string result_text(const Json& result) {
  if (result.is_null()) return {};
  if (result.is_string()) return result.get<std::string>();
  // Its bytes would fill the conversation, and mean nothing to the model.
  if (find_member(result, "base64_data") != nullptr) return "[an image, which the user sees]";
  return to_text(result);
}

// What the model is told of code that ran. The parts share the limit, so that none can push out the others.
std::string output_text(const Execution& execution, std::size_t limit) {
  Json output = {{"status", execution.succeeded ? "succeeded" : "failed"}};
  const auto add = [&](const char* name, const std::string& text) {
    if (!text.empty()) output[name] = shortened(text, limit / 3);
  };
  add("stdout", execution.standard_output);
  add("stderr", execution.standard_error);
  add("result", result_text(execution.result));
  return to_text(output);
}

// The code that a call asks for, or what the model is told of the call.
Result<std::string> parse_code(const ToolCall& call) {
  const auto refused = [](std::string message) { return Error{ErrorKind::kInvalidArgument, std::move(message)}; };
  if (call.name != kToolName) return refused("there is no such tool; the only one is run_python");
  const auto arguments = parse_json(call.arguments);
  if (!arguments) return refused("the arguments are " + arguments.error().message);
  if (!arguments->is_object()) return refused("the arguments must be an object with the member code");
  return required_string(*arguments, "code");
}

ServiceError no_answer(std::string code, std::string message) {
  return {.kind = ServiceErrorKind::kUnexpectedReply,
          .status = 200,
          .code = std::move(code),
          .message = std::move(message)};
}

ServiceError cancelled(const Error& error) { return azure::to_service_error("agent", error); }

// One question on its way to an answer.
class Agent {
 public:
  Agent(const AgentTools& tools, std::string_view question, const AgentLimits& limits,
        const azure::CallOptions& options)
      : tools_(tools), limits_(limits), options_{.deadline = options.deadline, .cancelled = options.cancelled} {
    request_.messages = {{.role = ChatRole::kSystem, .content = std::string(kInstructions)},
                         {.role = ChatRole::kUser, .content = std::string(question)}};
    request_.tools = {python_tool()};
  }

  Result<AgentRun, AgentError> run() {
    while (run_.rounds < limits_.max_rounds) {
      ++run_.rounds;
      auto reply = ask();
      if (!reply) return failure(reply.error().error);
      if (reply->usage) run_.usage += *reply->usage;
      if (reply->tool_calls.empty()) return answer(*std::move(reply));
      if (auto served = serve(*reply); !served) return AgentError{std::move(served).error(), std::move(run_)};
    }
    return AgentError{AgentLimit::kRounds, std::move(run_)};
  }

 private:
  using Reason = std::variant<ServiceError, AgentLimit>;

  Result<ChatReply, ChatError> ask() {
    return tools_.listener == nullptr ? tools_.model.complete(request_, options_)
                                      : tools_.model.stream(request_, *tools_.listener, options_);
  }

  Result<AgentRun, AgentError> answer(ChatReply reply) {
    if (reply.finish_reason == "content_filter") {
      ServiceError error = no_answer("content_filter", "openai: its content filter stopped the answer");
      error.kind = ServiceErrorKind::kContentFiltered;
      return failure(std::move(error));
    }
    if (reply.content.empty()) return failure(no_answer("no_answer", "openai: the model gave no answer; ask again"));
    run_.answer = std::move(reply.content);
    return std::move(run_);
  }

  AgentError failure(ServiceError error) { return {reason_of(std::move(error)), std::move(run_)}; }

  // A call that ended as the time was over is the limit's doing, whatever its error.
  Reason reason_of(ServiceError error) const {
    if (error.kind == ServiceErrorKind::kTimeout && options_.deadline.passed(tools_.clock)) return AgentLimit::kTime;
    return error;
  }

  // Code that the pool has given up: the model may find something better.
  [[nodiscard]] bool is_endless(const ServiceError& error) const {
    return error.kind == ServiceErrorKind::kTimeout && !options_.deadline.passed(tools_.clock);
  }

  // Does what a reply asks for, and adds both to the conversation.
  Result<Success, Reason> serve(const ChatReply& reply) {
    request_.messages.push_back(
        {.role = ChatRole::kAssistant, .content = reply.content, .tool_calls = reply.tool_calls});
    for (std::size_t i = 0; i < reply.tool_calls.size(); ++i) {
      auto output = i < kMostCalls ? output_of(reply.tool_calls[i])
                                   : Result<std::string, Reason>("error: too many calls at once; make fewer");
      if (!output) return std::move(output).error();
      told_bytes_ += output->size();
      if (told_bytes_ > limits_.total_output_bytes) return Reason(AgentLimit::kOutput);
      request_.messages.push_back(
          {.role = ChatRole::kTool, .content = *std::move(output), .tool_call_id = reply.tool_calls[i].id});
    }
    return Success{};
  }

  Result<std::string, Reason> output_of(const ToolCall& call) {
    if (options_.deadline.passed(tools_.clock)) return Reason(AgentLimit::kTime);
    auto code = parse_code(call);
    if (!code) return "error: " + code.error().message;
    AgentStep step{.id = "step-" + std::to_string(run_.steps.size() + 1), .code = *std::move(code)};
    if (auto told = tell(&AgentListener::take_code, step); !told) return Reason(cancelled(told.error()));
    auto execution = tools_.run_code(step.code, options_);
    run_.code_may_have_run = run_.code_may_have_run || execution || execution.error().maybe_done;
    if (execution) {
      step.execution = *std::move(execution);
    } else if (is_endless(execution.error())) {
      step.execution.standard_error = "the code ran for too long";
    } else {
      return reason_of(std::move(execution).error());
    }
    run_.steps.push_back(step);
    if (auto told = tell(&AgentListener::take_output, step); !told) return Reason(cancelled(told.error()));
    return output_text(step.execution, limits_.output_bytes);
  }

  Result<Success> tell(Result<Success> (AgentListener::*event)(const AgentStep&), const AgentStep& step) {
    return tools_.listener == nullptr ? Success{} : (tools_.listener->*event)(step);
  }

  const AgentTools tools_;
  const AgentLimits limits_;
  const azure::CallOptions options_;
  ChatRequest request_;
  AgentRun run_;
  std::size_t told_bytes_ = 0;
};

}  // namespace

Result<AgentLimits> load_agent_limits(const Environment& environment) {
  AgentLimits limits;
  SettingProblems problems;
  for (const auto& [name, range, apply] : kLimitSettings) {
    if (const auto number = problems.number_in(environment, name, range)) apply(limits, *number);
  }
  if (auto outcome = problems.outcome(); !outcome) return std::move(outcome).error();
  return limits;
}

Problem to_problem(const AgentError& error, const AgentLimits& limits) {
  if (const auto* service = std::get_if<ServiceError>(&error.reason)) return to_problem(*service);
  const auto reached = [](int status, std::string_view code, std::string detail) {
    return Problem{.status = status, .detail = std::move(detail), .extensions = {{"code", code}}};
  };
  switch (std::get<AgentLimit>(error.reason)) {
    case AgentLimit::kRounds:
      return reached(422, "agent_round_limit",
                     "No answer after " + std::to_string(limits.max_rounds) +
                         " rounds; ask a simpler question, or raise AZF_AGENT_MAX_ROUNDS.");
    case AgentLimit::kTime:
      return reached(504, "agent_time_limit",
                     "No answer in the time that there is, " + std::to_string(limits.time.count()) +
                         " seconds or what the function's time-out leaves; ask a simpler question, or raise "
                         "AZF_AGENT_TIME_SECONDS.");
    case AgentLimit::kOutput:
      return reached(422, "agent_output_limit",
                     "The code's outputs have more than " + std::to_string(limits.total_output_bytes) +
                         " bytes; ask for less, or raise AZF_AGENT_TOTAL_OUTPUT_BYTES.");
  }
  return {};
}

Json to_json(const std::vector<AgentStep>& steps) {
  Json array = Json::array();
  for (const AgentStep& step : steps) array.emplace_back(to_json(step.execution))["code"] = step.code;
  return array;
}

CodeRunner runner_in(azure::SessionPoolClient& pool, const Secret& session) {
  return [&pool, &session](std::string_view code, const azure::CallOptions& options) {
    return pool.execute(code, kCodeTimeout, session, options);
  };
}

Result<AgentRun, AgentError> run_agent(const AgentTools& tools, std::string_view question, const AgentLimits& limits,
                                       const azure::CallOptions& options) {
  azure::CallOptions limited = options;
  limited.deadline = options.deadline.or_sooner(tools.clock, limits.time);
  return Agent(tools, question, limits, limited).run();
}

}  // namespace azf::functions
