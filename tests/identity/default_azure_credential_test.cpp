#include "identity/default_azure_credential.h"

#include "identity/credential_fixture.h"
#include "support/temporary_directory.h"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <thread>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;
using test::CredentialFixture;
using test::FakeTransport;

std::unique_ptr<TokenCredential> make(CredentialFixture& f, const DefaultAzureCredentialOptions& options = {}) {
  auto made = make_default_azure_credential(options, f.services());
  REQUIRE(made);
  return std::move(*made);
}

TokenResult get(TokenCredential& credential) {
  return credential.get_token({{test::kVaultScope}, "", ""}, Deadline::never());
}

FakeTransport::Reply no_route(const HttpRequest&) { return Error{ErrorKind::kTransport, "no route to host"}; }

std::vector<std::string> names_of(const std::vector<Attempt>& attempts) {
  std::vector<std::string> names;
  for (const Attempt& attempt : attempts) names.push_back(attempt.credential);
  return names;
}

void configure_secret(Environment& environment) {
  environment.set("AZURE_TENANT_ID", test::kTenant);
  environment.set("AZURE_CLIENT_ID", test::kClient);
  environment.set("AZURE_CLIENT_SECRET", "test-secret");
}

void be_app_service(Environment& environment) {
  environment.set("IDENTITY_ENDPOINT", "http://127.0.0.1:41741/msi/token");
  environment.set("IDENTITY_HEADER", "test-header");
}

const std::vector<std::string> kProduction = {"EnvironmentCredential", "WorkloadIdentityCredential",
                                              "ManagedIdentityCredential"};
const std::vector<std::string> kTools = {"AzureCliCredential", "AzurePowerShellCredential",
                                         "AzureDeveloperCliCredential"};
const std::vector<std::string> kAll = {kProduction[0], kProduction[1], kProduction[2], kTools[0], kTools[1], kTools[2]};

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("with nothing configured every member says why, after one probe") {
    CredentialFixture f(no_route);
    const auto credential = make(f);
    CHECK(credential->name() == "DefaultAzureCredential");
    const auto result = get(*credential);
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kCredentialUnavailable);
    CHECK(names_of(result.error().attempts) == kAll);
    for (const std::string& name : kAll) {
      CHECK(result.error().message.find("\n\t" + name + ": ") != std::string::npos);
    }
    CHECK(f.http.requests().size() == 1);
  }

  TEST_CASE("the environment comes first") {
    CredentialFixture f({test::entra_token("token-1")});
    configure_secret(f.environment);
    be_app_service(f.environment);
    const auto result = get(*make(f));
    REQUIRE(result);
    CHECK((*result)->credential == "EnvironmentCredential");
    CHECK(names_of((*result)->attempts) == std::vector<std::string>{"EnvironmentCredential"});
  }

  TEST_CASE("I-54: an environment that Entra rejects does not fall through to managed identity") {
    CredentialFixture f({test::entra_refusal(401, 7000215, "invalid_client")});
    configure_secret(f.environment);
    be_app_service(f.environment);
    const auto result = get(*make(f));
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
    CHECK(result.error().error_codes == std::vector<int>{7000215});
    CHECK(names_of(result.error().attempts) == std::vector<std::string>{"EnvironmentCredential"});
  }

  TEST_CASE("workload identity comes second") {
    const test::TemporaryDirectory directory;
    CredentialFixture f({test::entra_token("token-1")});
    configure_secret(f.environment);
    f.environment.set("AZURE_CLIENT_SECRET", "");
    f.environment.set("AZURE_FEDERATED_TOKEN_FILE", directory.write("token", "federated"));
    f.environment.set("AZURE_ADDITIONALLY_ALLOWED_TENANTS", "contoso.com");
    const auto result = make(f)->get_token({{test::kVaultScope}, "contoso.com", ""}, Deadline::never());
    REQUIRE(result);
    CHECK(names_of((*result)->attempts) ==
          std::vector<std::string>{"EnvironmentCredential", "WorkloadIdentityCredential"});
  }

  TEST_CASE("managed identity comes third, with AZURE_CLIENT_ID as the user-assigned one unless another id is given") {
    struct Row {
      DefaultAzureCredentialOptions options;
      std::optional<std::string> client_id;
      std::optional<std::string> object_id;
    };
    const Row rows[] = {
        {{}, test::kClient, {}},
        {{.client_id = "other"}, "other", {}},
        {{.object_id = "object"}, {}, "object"},
    };
    for (const Row& row : rows) {
      CredentialFixture f(std::vector<FakeTransport::Reply>{});
      f.environment.set("AZURE_CLIENT_ID", test::kClient);
      be_app_service(f.environment);
      f.http.add_reply(test::json_reply(200, R"({"access_token":"token-1","expires_in":3600})"));
      const auto result = get(*make(f, row.options));
      REQUIRE(result);
      CHECK(names_of((*result)->attempts) == kProduction);
      auto query = test::query_of(f.http.requests().front());
      CHECK(query["client_id"] == row.client_id.value_or(""));
      CHECK(query["object_id"] == row.object_id.value_or(""));
    }
  }

  TEST_CASE("I-53: the variable selects members, in any letter case and with blanks around") {
    struct Row {
      std::string value;
      std::vector<std::string> members;
    };
    const Row rows[] = {
        {"", kAll},
        {"  ", kAll},
        {"prod", kProduction},
        {" PROD ", kProduction},
        {"dev", kTools},
        {"\tDev", kTools},
        {"azureclicredential", {"AzureCliCredential"}},
        {"AzurePowerShellCredential", {"AzurePowerShellCredential"}},
        {"AzureDeveloperCliCredential", {"AzureDeveloperCliCredential"}},
        {"EnvironmentCredential", {"EnvironmentCredential"}},
        {" workloadidentitycredential\t", {"WorkloadIdentityCredential"}},
        {"MANAGEDIDENTITYCREDENTIAL", {"ManagedIdentityCredential"}},
    };
    for (const Row& row : rows) {
      CAPTURE(row.value);
      CredentialFixture f(no_route);
      f.environment.set("AZURE_TOKEN_CREDENTIALS", row.value);
      const auto result = get(*make(f));
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kCredentialUnavailable);
      CHECK(names_of(result.error().attempts) == row.members);
    }
  }

  TEST_CASE("I-53: what cannot be selected is refused with the values that can") {
    struct Row {
      std::string value;
      std::string part;
    };
    const Row rows[] = {
        {"visualstudiocodecredential", "which this program does not support"},
        {"InteractiveBrowserCredential", "which this program does not support"},
        {"NoSuchCredential", "NoSuchCredential, which is unknown"},
        {"\x1b[1m", "\\u001b[1m, which is unknown"},
        {"prod,dev", "which is unknown"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.part);
      CredentialFixture f(no_route);
      f.environment.set("AZURE_TOKEN_CREDENTIALS", row.value);
      const auto made = make_default_azure_credential({}, f.services());
      REQUIRE(!made);
      CHECK(made.error().kind == ErrorKind::kInvalidArgument);
      CHECK(made.error().message.find(row.part) != std::string::npos);
      CHECK(made.error().message.ends_with(
          "allowed are prod, dev, EnvironmentCredential, WorkloadIdentityCredential, ManagedIdentityCredential, "
          "AzureCliCredential, AzurePowerShellCredential, AzureDeveloperCliCredential"));
    }
  }

  TEST_CASE("I-53: where the variable is required, it must be set") {
    CredentialFixture f(no_route);
    const DefaultAzureCredentialOptions options{.require_token_credentials_variable = true};
    CHECK(make_default_azure_credential(options, f.services()).error().kind == ErrorKind::kInvalidArgument);
    f.environment.set("AZURE_TOKEN_CREDENTIALS", "prod");
    CHECK(make_default_azure_credential(options, f.services()));
  }

  TEST_CASE("I-37: managed identity alone is not probed") {
    CredentialFixture f(
        {test::json_reply(200, R"({"access_token":"token-1","expires_in":"86400","token_type":"Bearer"})")});
    f.environment.set("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential");
    CHECK(get(*make(f)));
    CHECK(f.http.requests().front().headers.get("Metadata") == "true");
  }

  TEST_CASE("I-36: the chain probes once, and then its tokens come from the cache") {
    CredentialFixture f(
        {test::json_reply(400, "{}"), test::json_reply(200, R"({"access_token":"token-1","expires_in":"86400"})")});
    const auto credential = make(f);
    for (int i = 0; i < 3; ++i) CHECK(get(*credential));
    CHECK(f.http.requests().size() == 2);
  }

  TEST_CASE("16 first callers at once cause one request") {
    constexpr int kCallers = 16;
    std::latch all_started(kCallers);
    CredentialFixture f([&](const HttpRequest&) -> FakeTransport::Reply {
      all_started.wait();
      return test::json_reply(200, R"({"access_token":"token-1","expires_in":3600})");
    });
    be_app_service(f.environment);
    const auto credential = make(f);
    std::atomic<int> tokens = 0;
    {
      std::vector<std::jthread> callers;
      for (int i = 0; i < kCallers; ++i) {
        callers.emplace_back([&] {
          all_started.count_down();
          if (get(*credential)) ++tokens;
        });
      }
    }
    CHECK(tokens == kCallers);
    CHECK(f.http.requests().size() == 1);
  }

  TEST_CASE("members can be left out, but not all of them") {
    CredentialFixture f(no_route);
    const auto result = get(*make(f, {.excluded_credentials = {"managedidentitycredential", "EnvironmentCredential"}}));
    REQUIRE(!result);
    CHECK(names_of(result.error().attempts) ==
          std::vector<std::string>{"WorkloadIdentityCredential", kTools[0], kTools[1], kTools[2]});
    CHECK(f.http.requests().empty());

    const auto message = [&](const DefaultAzureCredentialOptions& options) {
      const auto made = make_default_azure_credential(options, f.services());
      REQUIRE(!made);
      CHECK(made.error().kind == ErrorKind::kInvalidArgument);
      return made.error().message;
    };
    CHECK(message({.excluded_credentials = kAll}).ends_with("at least one credential type must be included"));
    CHECK(message({.excluded_credentials = {"NoSuch"}}).starts_with("cannot exclude NoSuch, which is none of"));
    f.environment.set("AZURE_TOKEN_CREDENTIALS", "AzureCliCredential");
    CHECK(message({.excluded_credentials = {"AzureCliCredential"}}).starts_with("every credential is excluded"));
  }

  TEST_CASE("each attempt says what was looked for, how long it took and what to do") {
    CredentialFixture f([&f](const HttpRequest&) -> FakeTransport::Reply {
      f.clock.advance(1s);
      return Error{ErrorKind::kTimeout, "timed out"};
    });
    const auto result = get(*make(f));
    REQUIRE(!result);
    for (const Attempt& attempt : result.error().attempts) {
      CAPTURE(attempt.credential);
      CHECK(!attempt.code.empty());
      CHECK(!attempt.looked_for.empty());
      CHECK(!attempt.reason.empty());
      CHECK(!attempt.next_step.empty());
      CHECK(attempt.duration == (attempt.credential == "ManagedIdentityCredential" ? 1000ms : 0ms));
    }
  }
}

}  // namespace azf::identity
