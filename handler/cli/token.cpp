#include "cli/token.h"

#include "core/json.h"
#include "core/time_text.h"
#include "identity/attempt_json.h"
#include "identity/token_claims.h"

#include <cstdio>
#include <string>
#include <string_view>

namespace azf::cli {
namespace {

using identity::AccessToken;
using identity::Attempt;
using identity::CredentialError;
using identity::TokenClaims;

void print(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

Json text_or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(); }

Json success_json(const AccessToken& token, const TokenClaims& claims) {
  return {{"credential", token.credential},
          {"expires_on", to_rfc3339(token.expires_on)},
          {"refresh_on", token.refresh_on ? Json(to_rfc3339(*token.refresh_on)) : Json()},
          {"tenant_id", text_or_null(claims.tenant_id)},
          {"principal_id", text_or_null(claims.principal_id)},
          {"client_id", text_or_null(claims.client_id)},
          {"audience", text_or_null(claims.audience)},
          {"attempts", identity::attempts_json(token.attempts)}};
}

Json failure_json(const CredentialError& error) {
  return {{"error", {{"kind", to_string(error.kind)}, {"message", error.message}}},
          {"attempts", identity::attempts_json(error.attempts)}};
}

std::string attempt_lines(const std::vector<Attempt>& attempts) {
  std::string lines;
  for (const Attempt& attempt : attempts) {
    lines.append("  ").append(attempt.credential).append("  ").append(identity::to_string(attempt.outcome));
    if (!attempt.code.empty()) lines.append(" (").append(attempt.code).append(")");
    if (attempt.duration) lines.append(" after ").append(std::to_string(attempt.duration->count())).append(" ms");
    lines.append("\n");
    const auto line = [&lines](std::string_view name, const std::string& text) {
      if (!text.empty()) lines.append("    ").append(name).append(12 - name.size(), ' ').append(text).append("\n");
    };
    line("looked for", attempt.looked_for);
    line("asked", attempt.source);
    line("came back", attempt.reason);
    line("what to do", attempt.next_step);
  }
  return lines;
}

std::string summary(const AccessToken& token, const TokenClaims& claims, SystemTime now) {
  std::string text;
  const auto line = [&text](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    text.append(name).append(12 - name.size(), ' ').append(value).append("\n");
  };
  const auto minutes = std::chrono::floor<std::chrono::minutes>(token.expires_on - now).count();
  line("credential", token.credential);
  line("tenant", claims.tenant_id.value_or(""));
  line("principal", claims.principal_id.value_or(""));
  line("client", claims.client_id.value_or(""));
  line("audience", claims.audience.value_or(""));
  line("expires", to_rfc3339(token.expires_on) + " (in " + std::to_string(minutes) + " min)");
  if (token.refresh_on) line("refresh", to_rfc3339(*token.refresh_on));
  return text + "attempts\n" + attempt_lines(token.attempts);
}

int fail(const TokenCommand& command, const CredentialError& error) {
  if (command.output == TokenCommand::Output::kJson) print(failure_json(error).dump(2) + "\n");
  std::fprintf(stderr, "handler: no token (%s)\nattempts\n%s", std::string(to_string(error.kind)).c_str(),
               attempt_lines(error.attempts).c_str());
  if (!error.correlation_id.empty()) std::fprintf(stderr, "correlation id  %s\n", error.correlation_id.c_str());
  return kFailure;
}

// To standard error, as standard output may be somebody's variable.
void show_device_code(const identity::DeviceCodePrompt& prompt) {
  std::fprintf(stderr, "%s\n", prompt.message.c_str());
}

}  // namespace

int get_token(const TokenCommand& command, const identity::CredentialServices& services) {
  identity::CredentialOptions options = command.options;
  options.show_device_code = show_device_code;
  const auto credential = identity::create_credential(command.credential, options, services);
  if (!credential) {
    std::fprintf(stderr, "handler: %s\n", credential.error().message.c_str());
    return kWrongUsage;
  }
  const auto token =
      (*credential)->get_token({.scopes = command.scopes, .tenant_id = {}, .claims = {}}, Deadline::never());
  if (!token) return fail(command, token.error());

  const AccessToken& found = **token;
  if (command.output == TokenCommand::Output::kToken) {
    print(found.token.expose());
    print("\n");
    return kSuccess;
  }
  const TokenClaims claims = identity::read_token_claims(found.token.expose());
  print(command.output == TokenCommand::Output::kJson ? success_json(found, claims).dump(2) + "\n"
                                                      : summary(found, claims, services.clock.system_now()));
  return kSuccess;
}

}  // namespace azf::cli
