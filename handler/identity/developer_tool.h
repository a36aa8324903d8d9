#pragma once

#include "core/environment.h"
#include "core/result.h"
#include "identity/credential_services.h"
#include "identity/process_runner.h"
#include "identity/token_credential.h"
#include "identity/token_outcome.h"
#include "identity/token_reply.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace azf::identity {

/// A command line tool with an account that somebody has logged in. What differs between the credentials of this
/// family is how the tool is asked, and what it prints.
struct DeveloperTool {
  /// Type name for messages; a literal, as are all views here.
  std::string_view credential;
  /// `Azure CLI`.
  std::string_view title;
  /// The program as it is looked up on PATH.
  std::string_view program;
  /// How it is asked, for people: `az account get-access-token`.
  std::string_view command;
  /// What to do where it is missing.
  std::string_view install;
  /// `az login`, and its option for a tenant.
  std::string_view login;
  std::string_view login_tenant_option;
  /// The option of `login` for a claims challenge; empty where the tool itself answers challenges.
  std::string_view login_claims_option;
  /// What in its messages means that nobody is logged in, unless Entra gave a number too.
  std::vector<std::string_view> login_signs;
  /// Whether it takes one scope at a time.
  bool one_scope = true;

  std::string tenant_id;
  std::vector<std::string> additionally_allowed_tenants;
  /// Zero: `AZF_TOOL_TIMEOUT_SECONDS`, else 13 s.
  std::chrono::milliseconds timeout{0};
  /// What else of the options decides about the account. For kept tokens, as the next one.
  std::string account;
  /// A file of the tool that is written anew when somebody logs in or out, or chooses another account.
  std::string login_file;

  /// For one request whose characters have been checked; `tenant_id` may be empty.
  std::function<std::vector<std::string>(const TokenRequestContext& context, const std::string& tenant_id)> arguments;
  std::vector<std::pair<std::string, std::string>> variables;
  std::function<Result<TokenReply>(std::string_view output, SystemTime now)> parse;
  /// The tool's own words about a failure. Nothing: its standard error.
  std::function<std::string(const ProcessOutput&)> message;
  /// Failures that only this tool has, by its output and its own words; nothing for all others.
  std::function<std::optional<Refusal>(const ProcessOutput&, const std::string& message)> judge;
};

/// A credential that runs the tool for each request. Fails with `kInvalidArgument` for a tenant with characters that
/// have no place there, and for an `AZF_TOOL_TIMEOUT_SECONDS` that is not a whole number from 1 to 600.
///
/// Requests whose scopes or tenant hold other characters than names need are `kInvalidArgument`, and nothing is run:
/// there is no shell in between, but tools on other systems have one. Tool missing, nobody logged in, claims that need
/// a login: `kCredentialUnavailable`. Other failures of the tool, too: they say nothing about the next credential of a
/// chain. A token on standard output counts whatever the exit code. Tokens are kept across runs as `with_token_file`
/// says.
Result<std::unique_ptr<TokenCredential>> create_developer_tool_credential(DeveloperTool tool,
                                                                          const CredentialServices& services);

/// The folder in which a tool keeps its files: the one that `variable` names, else `folder` in the user's home. Empty
/// where neither is known.
std::string tool_folder(const Environment& environment, std::string_view variable, std::string_view folder);

}  // namespace azf::identity
