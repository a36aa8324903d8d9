// Azure CLI, Azure Developer CLI and Azure PowerShell, as credentials, with tools that only answer.

#include "core/base64.h"
#include "core/json.h"
#include "core/time_text.h"
#include "identity/azure_cli_credential.h"
#include "identity/azure_developer_cli_credential.h"
#include "identity/azure_powershell_credential.h"
#include "identity/credential_fixture.h"
#include "identity/developer_tool.h"
#include "identity/developer_tools_credential.h"

#include <doctest/doctest.h>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;
using test::CredentialFixture;
using test::kTenant;
using test::kVaultScope;

using Create = Result<std::unique_ptr<TokenCredential>> (*)(const std::string& tenant_id,
                                                            const CredentialServices& services);

struct Tool {
  std::string name;
  std::string program;
  std::string login;
  Create create;
};

const Tool kTools[] = {
    {"AzureCliCredential", "az", "az login",
     [](const std::string& tenant_id, const CredentialServices& services) {
       return create_azure_cli_credential({.tenant_id = tenant_id}, services);
     }},
    {"AzureDeveloperCliCredential", "azd", "azd auth login",
     [](const std::string& tenant_id, const CredentialServices& services) {
       return create_azure_developer_cli_credential({.tenant_id = tenant_id}, services);
     }},
    {"AzurePowerShellCredential", "pwsh", "Connect-AzAccount",
     [](const std::string& tenant_id, const CredentialServices& services) {
       return create_azure_powershell_credential({.tenant_id = tenant_id}, services);
     }},
};

struct ToolFixture : CredentialFixture {
  ToolFixture() : CredentialFixture(std::vector<test::FakeTransport::Reply>{}) {}

  void answer(std::string standard_output, std::string standard_error = "", int exit_code = 0) {
    processes.set_answer([=](const ProcessCommand&) -> Result<ProcessOutput> {
      return ProcessOutput{exit_code, Secret(standard_output), standard_error};
    });
  }
  /// One text that each of the tools could have printed.
  void answer_with_token() {
    const auto expires_on = clock.system_now() + 1h;
    answer(R"({"accessToken":"token-1","token":"token-1","Token":"token-1","expires_on":)" + epoch_in(1h) +
           R"(,"ExpiresOn":)" + epoch_in(1h) + R"(,"expiresOn":")" + to_rfc3339(expires_on) + R"("})");
  }
  std::unique_ptr<TokenCredential> create(const Tool& tool, const std::string& tenant_id = "") {
    auto created = tool.create(tenant_id, services());
    REQUIRE(created);
    return std::move(*created);
  }
  CredentialError failure(TokenCredential& credential, const TokenRequestContext& context = {{kVaultScope}, "", ""},
                          Deadline deadline = Deadline::never()) {
    auto result = credential.get_token(context, deadline);
    REQUIRE(!result);
    REQUIRE(result.error().attempts.size() == 1);
    return std::move(result).error();
  }
  std::vector<std::string> last_arguments() { return processes.commands().back().arguments; }
  /// The script of the last run of pwsh.
  std::string last_script() {
    const std::string units = from_base64(last_arguments().back()).value_or("");
    std::string text;
    for (std::size_t i = 0; i + 1 < units.size(); i += 2) {
      CHECK(units[i + 1] == '\0');
      text.push_back(units[i]);
    }
    return text;
  }
};

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("a token that a developer tool prints is handed out, whatever its exit code and warnings") {
    for (const Tool& tool : kTools) {
      CAPTURE(tool.name);
      ToolFixture f;
      f.answer_with_token();
      const auto credential = f.create(tool);
      const auto result = credential->get_token({{kVaultScope}, "", ""}, Deadline::never());
      REQUIRE(result);
      CHECK((*result)->token == Secret("token-1"));
      CHECK((*result)->expires_on == f.clock.system_now() + 1h);
      CHECK((*result)->credential == tool.name);
      REQUIRE((*result)->attempts.size() == 1);
      CHECK((*result)->attempts.front().outcome == AttemptOutcome::kSucceeded);
      REQUIRE(f.processes.commands().size() == 1);
      CHECK(f.processes.commands().front().program == tool.program);
      CHECK(f.processes.commands().front().timeout == 13s);
      CHECK(f.http.requests().empty());

      const auto output = f.processes.run({}, Deadline::never());
      f.answer(std::string(output->standard_output.expose()), "WARNING: or run `" + tool.login + "`", 1);
      CHECK(credential->get_token({{kVaultScope}, "", ""}, Deadline::never()));
    }
  }

  TEST_CASE("the tools are asked with the arguments that they know") {
    ToolFixture f;
    f.answer_with_token();
    const TokenRequestContext plain{{kVaultScope}, "", ""};

    auto az = create_azure_cli_credential({.tenant_id = kTenant, .subscription = "My sub_1.2-3"}, f.services());
    REQUIRE(az);
    REQUIRE((*az)->get_token(plain, Deadline::never()));
    CHECK(f.last_arguments() == std::vector<std::string>{"account", "get-access-token", "--output", "json", "--scope",
                                                         kVaultScope, "--tenant", kTenant, "--subscription",
                                                         "My sub_1.2-3"});
    CHECK(f.processes.commands().back().variables ==
          std::vector<std::pair<std::string, std::string>>{{"AZURE_CORE_NO_COLOR", "true"}});

    const auto azd = f.create(kTools[1]);
    REQUIRE(azd->get_token({{kVaultScope, "api://app/Files.Read"}, "contoso.com", "{\"access_token\":{}}"},
                           Deadline::never()));
    CHECK(f.last_arguments() == std::vector<std::string>{"auth", "token", "--output", "json", "--no-prompt", "--scope",
                                                         kVaultScope, "--scope", "api://app/Files.Read", "--tenant-id",
                                                         "contoso.com", "--claims", "eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="});

    const auto pwsh = f.create(kTools[2], kTenant);
    REQUIRE(pwsh->get_token(plain, Deadline::never()));
    const auto arguments = f.last_arguments();
    CHECK(std::vector<std::string>(arguments.begin(), arguments.end() - 1) ==
          std::vector<std::string>{"-NoProfile", "-NonInteractive", "-OutputFormat", "Text", "-EncodedCommand"});
    const std::string script = f.last_script();
    CHECK(contains(script, "ResourceUrl = 'https://vault.azure.net' }"));
    CHECK(contains(script, "$request.TenantId = '" + kTenant + "'"));
    CHECK(contains(script, "-MinimumVersion 2.2.0"));
    CHECK(contains(script, "-ge [version]'2.17.0' -and $module.Version -lt [version]'5.0.0'"));
    REQUIRE(f.create(kTools[2])->get_token(plain, Deadline::never()));
    CHECK_FALSE(contains(f.last_script(), "TenantId"));
  }

  TEST_CASE("a request may name another tenant, all of them where the credential has none of its own") {
    ToolFixture f;
    f.answer_with_token();
    const TokenRequestContext other{{kVaultScope}, "contoso.com", ""};
    for (const Tool& tool : kTools) {
      CAPTURE(tool.name);
      CHECK(f.create(tool)->get_token(other, Deadline::never()));
      const CredentialError error = f.failure(*f.create(tool, kTenant), other);
      CHECK(error.kind == ErrorKind::kAuthenticationFailed);
      CHECK(error.attempts.front().code == "tenant_not_allowed");
    }
    auto allowing =
        create_azure_cli_credential({.tenant_id = kTenant, .additionally_allowed_tenants = {"*"}}, f.services());
    REQUIRE(allowing);
    CHECK((*allowing)->get_token(other, Deadline::never()));
    CHECK(f.last_arguments().back() == "contoso.com");
  }

  TEST_CASE("I-45: a tool whose login is missing is unavailable with that hint, alone and in a chain") {
    const struct {
      std::size_t tool;
      std::string output;
      std::string error;
    } rows[] = {
        {0, "", "ERROR: Please run 'az login' to setup account.\n"},
        {0, "", "Please run \"az login\" to access your accounts."},
        {0, "", "ERROR: Please run `az account set` to choose a subscription"},
        {1, "", "ERROR: not logged in, run `azd auth login` to login\n"},
        {1, "", "ERROR: reauthentication required, run `azd auth login --scope https://vault.azure.net/.default`\n"},
        {1, R"({"type":"consoleMessage","data":{"message":"ERROR: not logged in, run `azd auth login` to login"}})",
         ""},
        {2, "", "Get-AzAccessToken: Run Connect-AzAccount to login.\n"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.error);
      CAPTURE(row.output);
      ToolFixture f;
      f.answer(row.output, row.error, 1);
      const Tool& tool = kTools[row.tool];
      const CredentialError error = f.failure(*f.create(tool, kTenant));
      CHECK(error.kind == ErrorKind::kCredentialUnavailable);
      CHECK(error.attempts.front().code == "tool_login_required");
      CHECK(contains(error.message, "nobody is logged in: "));
      CHECK(contains(error.attempts.front().next_step, "run `" + tool.login + " "));
      CHECK(contains(error.attempts.front().next_step, kTenant + "`"));
    }
  }

  TEST_CASE("I-45: a tool that is missing or cannot be run is unavailable and not found") {
    for (const Tool& tool : kTools) {
      CAPTURE(tool.name);
      ToolFixture f;
      const auto credential = f.create(tool);
      const CredentialError missing = f.failure(*credential);
      CHECK(missing.kind == ErrorKind::kCredentialUnavailable);
      CHECK(missing.attempts.front().code == "tool_not_found");
      CHECK(contains(missing.message, tool.program + " was not found on PATH"));
      CHECK(contains(missing.message, "https://aka.ms/"));

      f.answer("", "/bin/sh: 1: python3: not found", 127);
      const CredentialError incomplete = f.failure(*credential);
      CHECK(incomplete.kind == ErrorKind::kCredentialUnavailable);
      CHECK(incomplete.attempts.front().code == "tool_not_found");
      CHECK(contains(incomplete.message, "python3: not found"));
    }
    ToolFixture f;
    f.answer("azf: no Az.Accounts\n", "", 1);
    const CredentialError no_module = f.failure(*f.create(kTools[2]));
    CHECK(no_module.kind == ErrorKind::kCredentialUnavailable);
    CHECK(contains(no_module.message, "Az.Accounts 2.2.0 or later is not installed"));
    CHECK(contains(no_module.attempts.front().next_step, "Install-Module"));
  }

  TEST_CASE("a tool's own failure carries its words, without tokens, and Entra's number") {
    for (const Tool& tool : kTools) {
      CAPTURE(tool.name);
      ToolFixture f;
      f.answer("printed-marker {\"accessToken\":\"stdout-marker\"}",
               "\x1b[31mERROR: AADSTS50020: User account does not exist; run `" + tool.login +
                   "`. {\"accessToken\":\"stderr-marker\"}\n",
               1);
      const CredentialError error = f.failure(*f.create(tool));
      CHECK(error.kind == ErrorKind::kCredentialUnavailable);
      CHECK(error.error_codes == std::vector{50020});
      CHECK(error.attempts.front().code == "AADSTS50020");
      CHECK(contains(error.message, "ended with exit code 1: ERROR: AADSTS50020: User account does not exist"));
      CHECK_FALSE(contains(error.message, "marker"));
      CHECK_FALSE(contains(error.message, "\x1b"));

      f.answer("", "", 3);
      const CredentialError silent = f.failure(*f.create(tool));
      CHECK(silent.attempts.front().code == "tool_failed");
      CHECK(contains(silent.message, "ended with exit code 3: no explanation"));
    }
  }

  TEST_CASE("output that is no token is a failure, and is not quoted") {
    for (const Tool& tool : kTools) {
      CAPTURE(tool.name);
      ToolFixture f;
      f.answer("this is not json, but a secret-marker");
      const CredentialError error = f.failure(*f.create(tool));
      CHECK(error.kind == ErrorKind::kCredentialUnavailable);
      CHECK(error.attempts.front().code == "tool_output_unusable");
      CHECK_FALSE(contains(error.message, "marker"));
    }
  }

  TEST_CASE("I-44: a tool that was killed says so; that the caller's time is up is another failure") {
    for (const Tool& tool : kTools) {
      CAPTURE(tool.name);
      ToolFixture f;
      f.processes.set_answer([&](const ProcessCommand& command) -> Result<ProcessOutput> {
        f.clock.advance(command.timeout);
        return Error{ErrorKind::kTimeout, command.program + " did not end within 13 s, and was killed"};
      });
      const CredentialError alone = f.failure(*f.create(tool));
      CHECK(alone.kind == ErrorKind::kCredentialUnavailable);
      CHECK(alone.attempts.front().code == "tool_timed_out");
      CHECK(contains(alone.message, "did not end within 13 s"));

      const TokenRequestContext context{{kVaultScope}, "", ""};
      const CredentialError cut = f.failure(*f.create(tool), context, Deadline::after(f.clock, 2s));
      CHECK(cut.kind == ErrorKind::kTimeout);
      CHECK(cut.attempts.front().code == "deadline_passed");
      const auto runs = f.processes.commands().size();
      CHECK(f.failure(*f.create(tool), context, Deadline::after(f.clock, 0s)).kind == ErrorKind::kTimeout);
      CHECK(f.processes.commands().size() == runs);
    }
  }

  TEST_CASE("AZF_TOOL_TIMEOUT_SECONDS is a whole number from 1 to 600, and options come first") {
    for (const Tool& tool : kTools) {
      CAPTURE(tool.name);
      ToolFixture f;
      f.answer_with_token();
      for (const std::string bad : {"0", "601", "-1", "1.5", "10s", "soon", " 5", "99999999999"}) {
        CAPTURE(bad);
        f.environment.set("AZF_TOOL_TIMEOUT_SECONDS", bad);
        const auto created = tool.create("", f.services());
        REQUIRE(!created);
        CHECK(created.error().kind == ErrorKind::kInvalidArgument);
        CHECK(contains(created.error().message, "AZF_TOOL_TIMEOUT_SECONDS"));
      }
      f.environment.set("AZF_TOOL_TIMEOUT_SECONDS", "600");
      REQUIRE(f.create(tool)->get_token({{kVaultScope}, "", ""}, Deadline::never()));
      CHECK(f.processes.commands().back().timeout == 600s);
    }
    ToolFixture f;
    f.answer_with_token();
    f.environment.set("AZF_TOOL_TIMEOUT_SECONDS", "5");
    auto az = create_azure_cli_credential({.process_timeout = 1500ms}, f.services());
    REQUIRE(az);
    REQUIRE((*az)->get_token({{kVaultScope}, "", ""}, Deadline::never()));
    CHECK(f.processes.commands().back().timeout == 1500ms);
  }

  TEST_CASE("I-47: scopes, tenants and subscriptions with other characters are refused, and nothing is run") {
    for (const std::string bad :
         {"a;b", "a$(id)", "a`id`", "a'b", "a\"b", "a\nb", "a b", "a&b", "a|b", "a\\b", "\xc3\xa4", "-a", "--debug"}) {
      CAPTURE(bad);
      for (const Tool& tool : kTools) {
        CAPTURE(tool.name);
        ToolFixture f;
        f.answer_with_token();
        const auto credential = f.create(tool);
        const CredentialError scope = f.failure(*credential, {{bad}, "", ""});
        CHECK(scope.kind == ErrorKind::kInvalidArgument);
        CHECK(scope.attempts.front().code == "invalid_request");
        CHECK_FALSE(contains(scope.message, bad));
        CHECK(f.failure(*credential, {{kVaultScope}, bad, ""}).kind == ErrorKind::kInvalidArgument);
        CHECK(f.failure(*credential, {{kVaultScope, bad}, "", ""}).kind == ErrorKind::kInvalidArgument);
        const auto created = tool.create(bad, f.services());
        REQUIRE(!created);
        CHECK(created.error().kind == ErrorKind::kInvalidArgument);
        CHECK(f.processes.commands().empty());
      }
      if (bad == "a b") continue;  // names of subscriptions have blanks
      ToolFixture f;
      const auto created = create_azure_cli_credential({.subscription = bad}, f.services());
      REQUIRE(!created);
      CHECK(created.error().kind == ErrorKind::kInvalidArgument);
    }
    ToolFixture f;
    CHECK(f.failure(*f.create(kTools[0]), {{}, "", ""}).kind == ErrorKind::kInvalidArgument);
  }

  TEST_CASE("a tool that takes one scope refuses two without running") {
    for (const std::size_t index : {std::size_t{0}, std::size_t{2}}) {
      ToolFixture f;
      f.answer_with_token();
      const TokenRequestContext two{{kVaultScope, "https://storage.azure.com/.default"}, "", ""};
      const CredentialError error = f.failure(*f.create(kTools[index]), two);
      CHECK(error.kind == ErrorKind::kAuthenticationFailed);
      CHECK(contains(error.message, "requires exactly one scope"));
      CHECK(f.processes.commands().empty());
    }
  }

  TEST_CASE("I-48: claims run neither az nor pwsh, but name the login that satisfies them") {
    ToolFixture f;
    f.answer_with_token();
    const TokenRequestContext context{{kVaultScope}, kTenant, "{\"access_token\":{}}"};
    const CredentialError az = f.failure(*f.create(kTools[0]), context);
    CHECK(az.kind == ErrorKind::kCredentialUnavailable);
    CHECK(az.attempts.front().code == "claims_need_login");
    CHECK(contains(az.message, "`az login --tenant " + kTenant + " --claims-challenge eyJhY2Nlc3NfdG9rZW4iOnt9fQ==`"));
    const CredentialError pwsh = f.failure(*f.create(kTools[2]), {{kVaultScope}, "", "{\"access_token\":{}}"});
    CHECK(contains(pwsh.message, "`Connect-AzAccount -ClaimsChallenge eyJhY2Nlc3NfdG9rZW4iOnt9fQ==`"));
    CHECK(f.processes.commands().empty());
  }

  TEST_CASE("I-50: the Azure Developer CLI's JSON message is shown, and an old version is told to upgrade") {
    ToolFixture f;
    f.answer(
        R"({"type":"consoleMessage","timestamp":"2026-01-02T03:04:05Z","data":{"message":"\nERROR: fetching token: AADSTS70043: The refresh token has expired\n"}})",
        "", 1);
    const CredentialError error = f.failure(*f.create(kTools[1]));
    CHECK(contains(error.message,
                   "ended with exit code 1: ERROR: fetching token: AADSTS70043: The refresh token has expired"));
    CHECK_FALSE(contains(error.message, "consoleMessage"));
    CHECK(error.attempts.front().code == "AADSTS70043");
    CHECK(error.attempts.front().next_step == "log in again");

    f.answer("", "{\"error\":\"unknown flag: --claims\"}", 1);
    const CredentialError old = f.failure(*f.create(kTools[1]), {{kVaultScope}, "", "{}"});
    CHECK(old.kind == ErrorKind::kCredentialUnavailable);
    CHECK(contains(old.attempts.front().next_step, "upgrade it to version 1.18.1 or later"));
  }

  TEST_CASE("developer tools are asked in order, and the first that works is asked from then on") {
    ToolFixture f;
    std::string logged_in = "pwsh";
    f.processes.set_answer([&](const ProcessCommand& command) -> Result<ProcessOutput> {
      if (command.program == "az") return ProcessOutput{0, Secret("garbage"), ""};
      if (command.program != logged_in) return Error{ErrorKind::kNotFound, command.program + " was not found on PATH"};
      return ProcessOutput{0, Secret(R"({"Token":"token-1","ExpiresOn":)" + f.epoch_in(1h) + "}"), ""};
    });
    auto created = create_developer_tools_credential({}, f.services());
    REQUIRE(created);
    CHECK((*created)->name() == "DeveloperToolsCredential");
    const TokenRequestContext context{{kVaultScope}, "", ""};

    logged_in = "nobody";
    const auto none = (*created)->get_token(context, Deadline::never());
    REQUIRE(!none);
    CHECK(none.error().kind == ErrorKind::kCredentialUnavailable);
    REQUIRE(none.error().attempts.size() == 3);

    logged_in = "pwsh";
    REQUIRE((*created)->get_token(context, Deadline::never()));
    const auto again = (*created)->get_token(context, Deadline::never());
    REQUIRE(again);
    CHECK((*again)->credential == "AzurePowerShellCredential");
    std::string programs;
    for (const ProcessCommand& command : f.processes.commands()) programs.append(command.program).append(" ");
    CHECK(programs == "az pwsh azd az pwsh pwsh ");

    f.environment.set("AZF_TOOL_TIMEOUT_SECONDS", "never");
    const auto wrong = create_developer_tools_credential({}, f.services());
    REQUIRE(!wrong);
    CHECK(wrong.error().kind == ErrorKind::kInvalidArgument);
  }
}

}  // namespace azf::identity
