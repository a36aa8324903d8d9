#include "identity/developer_tool.h"

#include "core/base64.h"
#include "core/setting_problems.h"
#include "identity/tenant.h"
#include "identity/token_endpoint.h"
#include "identity/tool_output.h"
#include "identity/tool_token_file.h"

#include <algorithm>

namespace azf::identity {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::string_view kTimeoutVariable = "AZF_TOOL_TIMEOUT_SECONDS";
constexpr seconds kDefaultTimeout{13};
constexpr unsigned kLongestTimeoutSeconds = 600;

// Exit codes of a shell that found a program which it cannot execute, or none.
constexpr int kNotExecutable = 126;
constexpr int kNotFound = 127;

bool may_stand_in_scope(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
         c == '_' || c == ':' || c == '/';
}

// A value that begins with `-` would be taken for an option.
bool is_safe_scope(const std::string& scope) {
  return !scope.starts_with('-') && std::ranges::all_of(scope, may_stand_in_scope);
}

Result<milliseconds> timeout_setting(const Environment& environment) {
  const auto text = environment.get(kTimeoutVariable);
  if (!text) return milliseconds(kDefaultTimeout);
  const auto number = parse_setting_number(*text, 1, kLongestTimeoutSeconds);
  if (number) return milliseconds(seconds(*number));
  return Error{ErrorKind::kInvalidArgument,
               std::string(kTimeoutVariable) + " must be a whole number of seconds from 1 to 600"};
}

// Immutable, thread-safe.
class DeveloperToolCredential final : public TokenCredential {
 public:
  DeveloperToolCredential(DeveloperTool tool, const CredentialServices& services)
      : tool_(std::move(tool)), services_(services) {}

  [[nodiscard]] std::string_view name() const override { return tool_.credential; }

  TokenResult get_token(const TokenRequestContext& context, Deadline deadline) override {
    if (const auto valid = check_scopes(context.scopes); !valid) {
      return refused(tool_.credential, valid.error().kind, Problem::kInvalidRequest, valid.error().message);
    }
    if (!std::ranges::all_of(context.scopes, is_safe_scope)) {
      return refused(tool_.credential, ErrorKind::kInvalidArgument, Problem::kInvalidRequest,
                     "a scope may hold letters, digits and . - _ : / only, and must not begin with -");
    }
    if (tool_.one_scope && context.scopes.size() != 1) {
      return refused(tool_.credential, ErrorKind::kAuthenticationFailed, Problem::kInvalidRequest,
                     "the " + std::string(tool_.title) + " requires exactly one scope, not " +
                         std::to_string(context.scopes.size()));
    }
    const auto tenant =
        resolve_tenant(tool_.tenant_id, context.tenant_id, tool_.additionally_allowed_tenants, services_.environment);
    if (!tenant) {
      const bool misuse = tenant.error().kind == ErrorKind::kInvalidArgument;
      return refused(tool_.credential, tenant.error().kind,
                     misuse ? Problem::kInvalidRequest : Problem::kTenantNotAllowed, tenant.error().message);
    }
    if (tenant->starts_with('-')) {
      return refused(tool_.credential, ErrorKind::kInvalidArgument, Problem::kInvalidRequest,
                     "invalid tenant id: it must not begin with -");
    }
    if (!context.claims.empty() && !tool_.login_claims_option.empty()) {
      return unavailable(Problem::kClaimsNeedLogin, "cannot answer a claims challenge; run `" + login(*tenant) + " " +
                                                        std::string(tool_.login_claims_option) + " " +
                                                        to_base64(context.claims) + "`, then try again");
    }
    return run(context, *tenant, deadline);
  }

 private:
  TokenResult run(const TokenRequestContext& context, const std::string& tenant, Deadline deadline) {
    if (deadline.passed(services_.clock)) {
      return refuse({.kind = ErrorKind::kTimeout,
                     .problem = Problem::kDeadlinePassed,
                     .reason = "no time was left to run " + asked()});
    }
    ProcessCommand command{.program = std::string(tool_.program)};
    command.arguments = tool_.arguments(context, tenant);
    command.variables = tool_.variables;
    command.timeout = tool_.timeout;
    const SystemTime began = services_.clock.system_now();
    const auto output = services_.processes.run(command, deadline);
    if (!output) return not_run(output.error(), deadline);

    auto reply = tool_.parse(output->standard_output.expose(), began);
    if (reply) return issued(tool_.credential, asked(), std::move(*reply));
    return explain(*output, reply.error(), tenant);
  }

  [[nodiscard]] CredentialError not_run(const Error& error, Deadline deadline) const {
    if (error.kind == ErrorKind::kTimeout) {
      if (!deadline.passed(services_.clock)) return unavailable(Problem::kToolTimedOut, error.message);
      return refuse({.kind = ErrorKind::kTimeout, .problem = Problem::kDeadlinePassed, .reason = error.message});
    }
    if (error.kind == ErrorKind::kNotFound) return not_found(error.message);
    return unavailable(Problem::kToolFailed, error.message);
  }

  // Why there is no token although the tool has run. Its standard output is never quoted.
  [[nodiscard]] CredentialError explain(const ProcessOutput& output, const Error& parse_error,
                                        const std::string& tenant) const {
    const std::string words = tool_.message ? tool_.message(output) : output.standard_error;
    const std::string text = redacted_tool_text(words);
    const std::string ended = asked() + " ended with exit code " + std::to_string(output.exit_code) + ": " +
                              (text.empty() ? "no explanation" : text);
    if (tool_.judge) {
      if (auto refusal = tool_.judge(output, words)) return refuse(std::move(*refusal));
    }
    const std::vector<int> numbers = aadsts_numbers(words);
    const auto says = [&](std::string_view sign) { return words.find(sign) != std::string::npos; };
    if (numbers.empty() && std::ranges::any_of(tool_.login_signs, says)) {
      return refuse({.kind = ErrorKind::kCredentialUnavailable,
                     .problem = Problem::kToolLoginRequired,
                     .reason = "nobody is logged in: " + text,
                     .next_step = "run `" + login(tenant) + "`, then try again"});
    }
    if (output.exit_code == kNotFound || output.exit_code == kNotExecutable || says("' is not recognized")) {
      return not_found(std::string(tool_.program) + " or a program that it needs was not found: " + ended);
    }
    if (output.exit_code == 0) {
      return unavailable(Problem::kToolOutputUnusable, asked() + " printed " + parse_error.message);
    }
    CredentialError error = unavailable(Problem::kToolFailed, ended);
    if (const std::string code = aadsts_code(numbers); !code.empty()) {
      Attempt& attempt = error.attempts.back();
      attempt.code = code;
      if (const auto step = next_step_for(code); !step.empty()) attempt.next_step = step;
      error.message = message_of(attempt);
    }
    error.error_codes = numbers;
    return error;
  }

  [[nodiscard]] std::string asked() const { return "`" + std::string(tool_.command) + "`"; }

  [[nodiscard]] std::string login(const std::string& tenant) const {
    std::string command(tool_.login);
    if (!tenant.empty()) command.append(" ").append(tool_.login_tenant_option).append(" ").append(tenant);
    return command;
  }

  [[nodiscard]] CredentialError refuse(Refusal refusal) const {
    refusal.source = asked();
    return refused(tool_.credential, std::move(refusal));
  }
  [[nodiscard]] CredentialError unavailable(Problem problem, std::string reason) const {
    return refuse({.kind = ErrorKind::kCredentialUnavailable, .problem = problem, .reason = std::move(reason)});
  }
  [[nodiscard]] CredentialError not_found(std::string reason) const {
    return refuse({.kind = ErrorKind::kCredentialUnavailable,
                   .problem = Problem::kToolNotFound,
                   .reason = std::move(reason),
                   .next_step = std::string(tool_.install)});
  }

  const DeveloperTool tool_;
  const CredentialServices services_;
};

}  // namespace

Result<std::unique_ptr<TokenCredential>> create_developer_tool_credential(DeveloperTool tool,
                                                                          const CredentialServices& services) {
  if (!tool.tenant_id.empty()) {
    if (auto valid = check_tenant_id(tool.tenant_id); !valid) return std::move(valid).error();
    if (tool.tenant_id.starts_with('-')) {
      return Error{ErrorKind::kInvalidArgument, "invalid tenant id: it must not begin with -"};
    }
  }
  if (tool.timeout <= milliseconds::zero()) {
    const auto timeout = timeout_setting(services.environment);
    if (!timeout) return timeout.error();
    tool.timeout = *timeout;
  }
  KeptTokenOwner owner{tool.tenant_id + " " + tool.account, tool.login_file};
  return with_token_file(std::make_unique<DeveloperToolCredential>(std::move(tool), services), services,
                         std::move(owner));
}

std::string tool_folder(const Environment& environment, std::string_view variable, std::string_view folder) {
  if (const auto configured = environment.get(variable)) return std::string(*configured);
  const auto home = environment.get("HOME");
  return home ? std::string(*home).append("/").append(folder) : std::string();
}

}  // namespace azf::identity
