#include "cli/command_line.h"

#include "server/ip_address.h"

// The parser's headers include <iostream>, whose initialiser sets up eight streams and all of the locale before main,
// for nothing when the host starts the program without arguments. So its guard is set and its names are declared here,
// and `parse_command_line` has the streams set up.
#include <istream>
#include <ostream>
#define _GLIBCXX_IOSTREAM 1  // NOLINT(bugprone-reserved-identifier): the guard
namespace std {
extern istream cin;
extern ostream cout;
extern ostream cerr;
extern ostream clog;
}  // namespace std

#include <CLI/CLI.hpp>

#include <algorithm>
#include <map>
#include <sstream>

namespace azf::cli {
namespace {

constexpr const char* kDescription =
    "Azure Functions custom handler: serves the functions it was built with, and gets Microsoft Entra tokens for them.";

constexpr const char* kFooter = R"(
Without a command it serves, on the port that the Functions host gives in FUNCTIONS_CUSTOMHANDLER_PORT.

Settings (environment):
  AZF_LOG_LEVEL           debug, info (default), warn or error
  AZF_LOG_FORMAT          json (default) or text (default on a terminal)
  AZF_DRAIN_SECONDS       how long requests may go on after a stop signal (default 10)
  AZF_LISTEN_ADDRESS      where to listen (default 127.0.0.1); other machines reach it only with AZF_ALLOWED_CLIENTS
  AZF_ALLOWED_CLIENTS     who may connect there: addresses and ranges, as 10.0.0.4,10.1.0.0/16
  AZF_CLIENT_OWNER_CHECK  on (default): refuse other users of this machine; off
  SSL_CERT_FILE           certificates to trust, instead of the system's
  AZF_IDENTITY_PIN        TENANT/PRINCIPAL: refuse tokens for any other identity
  AZURE_*                 as for every Azure SDK: AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_TOKEN_CREDENTIALS, ...

Examples:
  handler serve --port 8080
  handler functions --write app
  handler token --scope https://vault.azure.net/.default
  handler token --scope https://storage.azure.com/.default --credential ManagedIdentityCredential --output json
  handler doctor
)";

// A line for each credential: its name, and what it takes from the environment.
std::string credential_list() {
  constexpr std::size_t kColumn = 30;
  std::string list = "\nCredentials, and what they take from the environment besides AZURE_AUTHORITY_HOST:\n";
  for (const auto& [name, settings] : identity::known_credentials()) {
    list.append("  ").append(name).append(kColumn - name.size(), ' ').append(settings).append("\n");
  }
  return list;
}

constexpr const char* kTokenSettings = R"(
Settings (environment):
  AZF_IDENTITY_PIN          TENANT/PRINCIPAL: refuse tokens for any other identity
  AZF_TOOL_TIMEOUT_SECONDS  how long az, azd and pwsh may take (default 13)
  AZF_TOOL_TOKEN_CACHE      absolute path of a file that keeps the tools' tokens from run to run (default: none)
)";

constexpr const char* kDoctorNotes = R"(
It looks at variables, settings, identity sources, proxy, certificates, Microsoft Entra, clock, the host's files and the
port, and asks for a token, which it drops. The report may be shown to others: of variables it has the names, in place
of their values too ([AZURE_CLIENT_ID]).

Exit codes: 0 healthy, also with warnings; 1 something is broken; 2 wrong usage.

Examples:
  handler doctor --scope https://vault.azure.net/.default --scope https://storage.azure.com/.default
  handler doctor --credential ManagedIdentityCredential --format json
  handler doctor --offline
)";

// For CLI11: empty, or what is wrong.
std::string address(const std::string& text) {
  return parse_ip_address(text) ? std::string() : "must be an IPv4 or IPv6 address, got " + text;
}

std::string address_range(const std::string& text) {
  const auto range = parse_address_range(text);
  return range ? std::string() : "must be " + range.error().message + ", got " + text;
}

}  // namespace

Command parse_command_line(std::vector<std::string> arguments, std::string_view version) {
  const std::ios_base::Init streams;
  ServeCommand serve{.port = {}, .explicitly = true};
  FunctionsCommand functions;
  TokenCommand token;
  DoctorCommand doctor;

  CLI::App app(kDescription, "handler");
  app.footer(kFooter);
  app.require_subcommand(0, 1);
  app.set_version_flag("--version", "handler " + std::string(version));

  auto* const serve_app = app.add_subcommand("serve", "Serve HTTP, as without a command, also without a host");
  serve_app
      ->add_option("--port", serve.port,
                   "Listen on this port; 0 takes a free one (default: the host's port, else 8080)")
      ->type_name("PORT");
  serve_app
      ->add_option("--listen", serve.listen, "Listen on this IP address; other machines reach it only with --allow")
      ->type_name("ADDRESS")
      ->check(address)
      ->option_text("ADDRESS (default: 127.0.0.1)");
  serve_app
      ->add_option("--allow", serve.allow,
                   "Who may connect there: IP addresses and ranges of the proxy, or of the Functions host")
      ->type_name("CIDR[,CIDR]")
      ->delimiter(',')
      ->check(address_range);

  auto* const functions_app = app.add_subcommand("functions", "List the functions, or write their function.json");
  functions_app->add_option("--format", functions.format, "How to list them")
      ->type_name("table|json")
      ->transform(CLI::Transformer(std::map<std::string, FunctionsCommand::Format>{
          {"table", FunctionsCommand::Format::kTable}, {"json", FunctionsCommand::Format::kJson}}))
      ->option_text("table|json (default: table)");
  functions_app->add_option("--write", functions.write_to, "Write DIR/<Function>/function.json; remove stale ones")
      ->type_name("DIR");

  auto* const token_app = app.add_subcommand("token", "Get an access token, and say how");
  token_app->add_option("--scope", token.scopes, "What the token is for, such as https://vault.azure.net/.default")
      ->required()
      ->type_name("SCOPE");
  token_app->add_option("--credential", token.credential, "Which credential to ask; see the list below")
      ->type_name("NAME")
      ->option_text("NAME (default: DefaultAzureCredential)");
  token_app->add_option("--tenant", token.options.tenant_id, "Tenant, instead of AZURE_TENANT_ID")->type_name("ID");
  auto* const client =
      token_app->add_option("--client-id", token.options.client_id, "Application, or managed identity by its client id")
          ->type_name("ID");
  auto* const object =
      token_app->add_option("--object-id", token.options.object_id, "Managed identity by its object id")
          ->type_name("ID");
  auto* const resource =
      token_app->add_option("--resource-id", token.options.resource_id, "Managed identity by its resource id")
          ->type_name("ID");
  client->excludes(object)->excludes(resource);
  object->excludes(resource);
  token_app->add_option("--subscription", token.options.subscription, "For AzureCliCredential: name or id")
      ->type_name("NAME");
  token_app
      ->add_option("--exclude", token.options.excluded_credentials,
                   "For DefaultAzureCredential: a member to leave out; may be repeated")
      ->type_name("NAME");
  token_app->add_option("--output", token.output, "What to print")
      ->transform(
          CLI::Transformer(std::map<std::string, TokenCommand::Output>{{"summary", TokenCommand::Output::kSummary},
                                                                       {"json", TokenCommand::Output::kJson},
                                                                       {"token", TokenCommand::Output::kToken}}))
      ->option_text("summary|json|token (default: summary)");

  auto* const doctor_app = app.add_subcommand("doctor", "Check everything around the handler, and say what to do");
  doctor_app->add_option("--format", doctor.format, "How to report")
      ->type_name("text|json")
      ->transform(CLI::Transformer(std::map<std::string, DoctorCommand::Format>{
          {"text", DoctorCommand::Format::kText}, {"json", DoctorCommand::Format::kJson}}))
      ->option_text("text|json (default: text)");
  doctor_app->add_option("--scope", doctor.scopes, "What to ask a token for; may be repeated")
      ->type_name("SCOPE")
      ->option_text("SCOPE (default: https://management.azure.com/.default)");
  doctor_app
      ->add_option("--credential", doctor.credential, "Which credential to ask; `handler token --help` lists them")
      ->type_name("NAME")
      ->option_text("NAME (default: DefaultAzureCredential)");
  doctor_app->add_flag("--offline", doctor.offline, "Send nothing, and skip what needs the network");
  doctor_app
      ->add_option_function<int>(
          "--timeout", [&doctor](int number) { doctor.timeout = std::chrono::seconds(number); },
          "How long each check may take, and each token, in seconds")
      ->check(CLI::Range(1, 600))
      ->option_text("SECONDS (default: 10)");

  for (auto* const command : {serve_app, functions_app}) command->footer("");
  token_app->footer(credential_list() + kTokenSettings);
  doctor_app->footer(kDoctorNotes);

  // CLI11 reports by exceptions, also for --help; here they end.
  try {
    std::reverse(arguments.begin(), arguments.end());  // CLI11 takes them as a stack
    app.parse(std::move(arguments));
  } catch (const CLI::Success& outcome) {
    std::ostringstream text;
    app.exit(outcome, text, text);
    return Finished{.exit_code = kSuccess, .text = text.str()};
  } catch (const CLI::ParseError& error) {
    return Finished{.exit_code = kWrongUsage,
                    .text = "handler: " + std::string(error.what()) + "\nTry: handler --help\n"};
  }

  if (functions_app->parsed()) return functions;
  if (token_app->parsed()) return token;
  if (doctor_app->parsed()) return doctor;
  serve.explicitly = serve_app->parsed();
  return serve;
}

}  // namespace azf::cli
