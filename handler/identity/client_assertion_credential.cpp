#include "identity/client_assertion_credential.h"

#include "identity/confidential_client_credential.h"
#include "identity/secret_file.h"
#include "identity/text.h"
#include "identity/tool_output.h"

#include <utility>

namespace azf::identity {
namespace {

constexpr std::size_t kExplanationLimit = 512;

Result<Secret> run_for_assertion(const ProcessCommand& command, ProcessRunner& processes, Deadline deadline) {
  const auto output = processes.run(command, deadline);
  if (!output) return with_context(output.error(), "command " + printable(command.program, kExplanationLimit));
  if (output->exit_code != 0) {
    std::string message = "command " + printable(command.program, kExplanationLimit) + " ended with exit code " +
                          std::to_string(output->exit_code);
    const std::string explanation = printable(redacted_tool_text(output->standard_error), kExplanationLimit);
    if (!explanation.empty()) message.append(": ").append(explanation);
    return Error{ErrorKind::kAuthenticationFailed, std::move(message)};
  }
  return Secret(trimmed(output->standard_output.expose()));
}

}  // namespace

AssertionSource assertion_file(std::string path) {
  return [path = std::move(path)](Deadline /*deadline*/) -> Result<Secret> {
    const auto content = load_secret_file(path);
    if (!content) return content.error();
    const std::string_view assertion = trimmed(content->expose());
    if (assertion.empty()) return Error{ErrorKind::kInvalidArgument, "file " + path + " is empty"};
    return Secret(assertion);
  };
}

AssertionSource assertion_command(std::vector<std::string> arguments, ProcessRunner& processes,
                                  std::chrono::milliseconds timeout) {
  ProcessCommand command;
  command.timeout = timeout;
  if (!arguments.empty()) {
    command.program = std::move(arguments.front());
    command.arguments.assign(std::make_move_iterator(arguments.begin() + 1), std::make_move_iterator(arguments.end()));
  }
  return [command = std::move(command), &processes](Deadline deadline) -> Result<Secret> {
    if (command.program.empty()) return Error{ErrorKind::kInvalidArgument, "no command is given"};
    return run_for_assertion(command, processes, deadline);
  };
}

Result<std::unique_ptr<TokenCredential>> create_client_assertion_credential(ClientAssertionOptions options,
                                                                            const CredentialServices& services) {
  if (!options.get_assertion) {
    return Error{ErrorKind::kInvalidArgument, "there is nothing that makes the client assertion"};
  }
  ConfidentialClient client;
  client.credential = "ClientAssertionCredential";
  client.tenant_id = std::move(options.tenant_id);
  client.client_id = std::move(options.client_id);
  client.authority_host = std::move(options.authority_host);
  client.additionally_allowed_tenants = std::move(options.additionally_allowed_tenants);
  client.proof = assertion_proof(std::move(options.get_assertion), services.clock);
  return create_confidential_client_credential(std::move(client), services);
}

}  // namespace azf::identity
