#pragma once

#include "azure/chat_client.h"
#include "azure/service_connection.h"
#include "azure/service_error.h"
#include "azure/session_pool_client.h"
#include "core/clock.h"
#include "core/environment.h"
#include "core/json.h"
#include "core/result.h"
#include "core/secret.h"
#include "runtime/problem.h"

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace azf::functions {

/// How far an agent may go for one question. Value.
struct AgentLimits {
  /// How often the model is asked.
  std::size_t max_rounds = 6;
  /// For everything together.
  std::chrono::seconds time{120};
  /// How much the model is told of one output; the rest is cut off, and it is told so.
  std::size_t output_bytes = 12'000;
  /// How much it is told of all outputs together.
  std::size_t total_output_bytes = 60'000;

  friend bool operator==(const AgentLimits&, const AgentLimits&) = default;
};

/// AZF_AGENT_MAX_ROUNDS, AZF_AGENT_TIME_SECONDS, AZF_AGENT_OUTPUT_BYTES and AZF_AGENT_TOTAL_OUTPUT_BYTES. Fails with
/// `kInvalidArgument`, naming all that are wrong.
Result<AgentLimits> load_agent_limits(const Environment& environment);

/// Code that the agent has run. Value.
struct AgentStep {
  /// Ours, not the model's: `step-1`.
  std::string id{};
  std::string code{};
  azure::Execution execution{};
};

/// An array: of each `code`, and what came of it.
Json to_json(const std::vector<AgentStep>& steps);

/// How far an agent came. Value.
struct AgentRun {
  /// Empty in one that failed.
  std::string answer{};
  std::vector<AgentStep> steps{};
  /// Also where no step tells of it, as no answer came.
  bool code_may_have_run = false;
  std::size_t rounds = 0;
  azure::ChatUsage usage{};
};

/// Which limit an agent has reached before it had an answer.
enum class AgentLimit { kRounds, kTime, kOutput };

/// Why there is no answer. Value.
struct AgentError {
  std::variant<azure::ServiceError, AgentLimit> reason;
  AgentRun so_far;
};

/// What the caller is told: the problem of the service, or the limit that was reached and the setting that raises it.
Problem to_problem(const AgentError& error, const AgentLimits& limits);

/// Told what an agent does while it does it. An error ends the agent, as when nobody listens any more.
class AgentListener : public azure::ChatListener {
 public:
  /// Before the code of a step is run, and after it.
  virtual Result<Success> take_code(const AgentStep& step) = 0;
  virtual Result<Success> take_output(const AgentStep& step) = 0;
};

/// Runs Python code in the one session of the agent.
using CodeRunner = std::function<Result<azure::Execution, azure::ServiceError>(std::string_view code,
                                                                               const azure::CallOptions& options)>;

/// One in a session of a pool; both must outlive it.
CodeRunner runner_in(azure::SessionPoolClient& pool, const Secret& session);

/// What an agent works with. Everything must outlive the run.
struct AgentTools {
  azure::ChatClient& model;
  CodeRunner run_code;
  const Clock& clock;
  /// Null: nobody; the model's replies are then not streamed.
  AgentListener* listener = nullptr;
};

/// Has a question answered by the model, which may ask for code to be run, as often as it likes within the limits. What
/// the model writes reaches nothing but the session and the answer; what is no proper call is an error that the model
/// is told. Of `options` the deadline and `cancelled` are used; the deadline includes the limit of time.
Result<AgentRun, AgentError> run_agent(const AgentTools& tools, std::string_view question, const AgentLimits& limits,
                                       const azure::CallOptions& options);

}  // namespace azf::functions
