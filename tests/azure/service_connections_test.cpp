#include "azure/service_connections.h"

#include "core/executor.h"
#include "support/fake_clock.h"
#include "support/fake_credential.h"
#include "support/fake_process_runner.h"
#include "support/fake_transport.h"
#include "support/memory_log.h"

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

using azf::BreakerState;
using azf::Deadline;
using azf::Error;
using azf::ErrorKind;
using azf::HttpRequest;
using azf::HttpResponse;
using azf::Method;
using azf::Result;
using azf::azure::ServiceConnections;
using azf::azure::ServiceDescription;
using azf::test::fake_token;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const ServiceDescription kVault{.name = "key-vault", .scopes = {"https://vault.azure.net/.default"}};
const HttpRequest kRequest{.method = Method::kPost, .url = "https://v.vault.azure.net/x", .body = "b"};

using Settings = std::map<std::string, std::string>;

// Keeps tasks until they are asked for.
class LaterExecutor final : public azf::Executor {
 public:
  bool post(std::string_view, std::function<void()> task) override {
    if (refuses) return false;
    tasks.push_back(std::move(task));
    return true;
  }
  void run() {
    for (auto& task : std::exchange(tasks, {})) task();
  }

  std::vector<std::function<void()>> tasks;
  bool refuses = false;
};

// Connections over a network that a test speaks for; every scope has a token.
struct Fixture {
  explicit Fixture(const Settings& settings = {}) {
    for (const auto& [name, value] : settings) environment.set(name, value);
  }

  Result<HttpResponse> send(const azf::azure::CallOptions& options = {}) {
    return connections.connect(kVault).send(kRequest, options);
  }
  [[nodiscard]] std::vector<std::string> sent() const {
    std::vector<std::string> all;
    for (const auto& request : network.requests()) {
      all.push_back(std::string(to_string(request.method)) + " " + request.url + " " +
                    std::string(request.headers.get("authorization").value_or("without token")));
    }
    return all;
  }

  azf::Environment environment;
  azf::test::FakeClock clock;
  azf::test::MemoryLogSink lines;
  azf::Logger log{lines, clock, azf::LogLevel::kDebug, azf::LogFormat::kJson};
  std::function<Result<HttpResponse>()> answer = [] { return HttpResponse{}; };
  azf::test::FakeTransport network{[this](const HttpRequest&) { return answer(); }};
  azf::test::FakeTransport identity;
  azf::test::FakeCredential credential{
      "FakeCredential", [this](const azf::identity::TokenRequestContext& context, Deadline) {
        if (!credential_error) return fake_token(context.scopes.at(0), clock.system_now() + std::chrono::hours(1));
        return azf::identity::TokenResult(azf::test::fake_refusal(*credential_error, "no identity"));
      }};
  std::optional<ErrorKind> credential_error;
  azf::test::FakeProcessRunner processes;
  LaterExecutor executor;
  ServiceConnections connections{
      network, credential, {environment, identity, clock, log, processes, executor, azf::random_guid, [] {
                              return 0.4;
                            }}};
};

}  // namespace

TEST_SUITE("azure") {
  TEST_CASE("a call has its token and its policy, and is repeated in one loop") {
    Fixture f;
    f.answer = [] { return HttpResponse{.status = 500}; };
    CHECK(f.send().value().status == 500);
    CHECK(f.sent() ==
          std::vector<std::string>(5, "POST https://v.vault.azure.net/x Bearer https://vault.azure.net/.default"));
    CHECK(f.clock.sleeps() == std::vector<std::chrono::nanoseconds>{seconds(1), seconds(2), seconds(4), seconds(8)});
    CHECK(f.network.options().front().try_timeout == seconds(30));
    CHECK(f.identity.requests().empty());
  }

  TEST_CASE("S-12: a call that is not safe to repeat is sent once, whatever has become of it") {
    Fixture f;
    f.answer = [] { return Error{ErrorKind::kTimeout, "no reply"}; };
    CHECK_FALSE(f.send({.repeatable = false}));
    CHECK(f.sent().size() == 1);
  }

  TEST_CASE("a description may bring its own policy, and settings go before it") {
    Fixture f(Settings{{"AZF_OWN_MAX_RETRIES", "1"}});
    auto policy = azf::azure::default_service_policy("queue");
    policy.try_timeout = seconds(7);
    auto& connection = f.connections.connect({.name = "own", .scopes = {"s"}, .policy = policy});
    CHECK(connection.policy().try_timeout == seconds(7));
    CHECK(connection.policy().retry.max_retries == 1);
    CHECK(&f.connections.connect({.name = "own"}) == &connection);
  }

  TEST_CASE("a service that is down costs its callers no wait, and nothing is sent to it") {
    Fixture f(Settings{{"AZF_KEY_VAULT_BREAKER_FAILURES", "3"}, {"AZF_KEY_VAULT_BREAKER_SECONDS", "30"}});
    f.answer = [] { return HttpResponse{.status = 503}; };
    const auto first = f.send();
    REQUIRE_FALSE(first);
    CHECK(first.error().message ==
          "gave up after 4 tries: the service key-vault is taken for down, as 3 calls in a row failed, the last by "
          "status 503; not sent, the next trial is in 26 s");
    CHECK(f.sent().size() == 3);

    const auto sleeps = f.clock.sleeps().size();
    CHECK_FALSE(f.send());
    CHECK(f.sent().size() == 3);
    CHECK(f.clock.sleeps().size() == sleeps);
    REQUIRE(f.connections.states().size() == 1);
    const auto state = f.connections.states()[0];
    CHECK(state.name == "key-vault");
    CHECK(state.breaker.state == BreakerState::kOpen);
    CHECK(state.breaker.last_failure == "status 503");
    CHECK_FALSE(state.is_usable());

    f.clock.advance(seconds(30));
    CHECK(f.connections.states()[0].is_usable());
    f.answer = [] { return HttpResponse{}; };
    CHECK(f.send());
    CHECK(f.connections.states()[0].breaker.state == BreakerState::kClosed);
  }

  TEST_CASE("the breaker of one service is not that of another") {
    Fixture f(Settings{{"AZF_KEY_VAULT_BREAKER_FAILURES", "1"}});
    f.answer = [] { return HttpResponse{.status = 503}; };
    (void)f.send({.repeatable = false});
    f.answer = [] { return HttpResponse{}; };
    CHECK_FALSE(f.send());
    CHECK(f.connections.connect({.name = "blob", .scopes = {"s"}}).send(kRequest, {}));
  }

  TEST_CASE("a wrong setting is logged, and makes the calls to its service fail with its name") {
    Fixture f(Settings{{"AZF_KEY_VAULT_MAX_RETRIES", "eleven"}});
    const auto outcome = f.send();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::kInvalidArgument);
    CHECK(outcome.error().message ==
          "the service key-vault is not called: AZF_KEY_VAULT_MAX_RETRIES must be a whole number between 0 and 10, got "
          "\"eleven\"");
    CHECK(f.sent().empty());
    CHECK(f.lines.text().find("AZF_KEY_VAULT_MAX_RETRIES must be") != std::string::npos);
    CHECK_FALSE(f.connections.states()[0].is_usable());
    CHECK(f.connections.connect({.name = "blob", .scopes = {"s"}}).send(kRequest, {}));
  }

  TEST_CASE("warming up fetches a token and makes a connection for each service that is configured, some time later") {
    Fixture f(Settings{{"AZURE_OPENAI_ENDPOINT", "https://a.openai.azure.com/"},
                       {"AZF_DEMO_AZURE_KEY_VAULT_ENDPOINT", "https://127.0.0.1:7443/vault"},
                       {"AZURE_STORAGE_BLOB_ENDPOINT", "no URL"}});
    (void)f.connections.connect({.name = "openai", .scopes = {"https://ai.azure.com/.default"}});
    f.connections.warm_up();
    CHECK(f.sent().empty());
    CHECK(f.credential.requests().empty());
    f.executor.run();
    CHECK(f.clock.sleeps() == std::vector<std::chrono::nanoseconds>{milliseconds(200)});
    CHECK(f.sent() == std::vector<std::string>{"HEAD https://a.openai.azure.com without token",
                                               "HEAD https://127.0.0.1:7443/vault without token"});
    REQUIRE(f.credential.requests().size() == 2);
    CHECK(f.credential.requests()[0].scopes == std::vector<std::string>{"https://ai.azure.com/.default"});
    CHECK(f.credential.requests()[0].enable_cae);  // as calls ask, or it would be another token
    CHECK(f.credential.requests()[1].scopes == std::vector<std::string>{"https://vault.azure.net/.default"});
  }

  TEST_CASE("a service that says itself what its tokens are for is warmed up without one") {
    Fixture f(Settings{{"AZURE_KEY_VAULT_ENDPOINT", "https://v.vault.azure.net"}});
    (void)f.connections.connect({.name = "key-vault", .follow_resource_challenge = true});
    f.connections.warm_up();
    f.executor.run();
    CHECK(f.sent().size() == 1);
    CHECK(f.credential.requests().empty());
  }

  TEST_CASE("what fails while warming up is a debug line, and nothing to the breaker") {
    Fixture f(
        Settings{{"AZURE_KEY_VAULT_ENDPOINT", "https://v.vault.azure.net"}, {"AZF_KEY_VAULT_BREAKER_FAILURES", "1"}});
    (void)f.connections.connect(kVault);
    f.answer = [] { return Error{ErrorKind::kTransport, "no connection"}; };
    f.credential_error = ErrorKind::kCredentialUnavailable;
    f.connections.warm_up();
    f.executor.run();
    CHECK(f.sent().size() == 1);
    CHECK(f.connections.states()[0].breaker.state == BreakerState::kClosed);
    for (const auto& [level, line] : f.lines.lines()) CHECK(level == azf::LogLevel::kDebug);
    CHECK(f.lines.text().find("no identity") != std::string::npos);
    CHECK(f.lines.text().find("no connection") != std::string::npos);
  }

  TEST_CASE("nothing is warmed up where it is switched off, where no service is configured, and where no thread is") {
    Fixture off(Settings{{"AZURE_KEY_VAULT_ENDPOINT", "https://v.vault.azure.net"}, {"AZF_WARM_UP", "off"}});
    off.connections.warm_up();
    CHECK(off.executor.tasks.empty());

    Fixture none;
    none.connections.warm_up();
    CHECK(none.executor.tasks.empty());

    Fixture shortage(Settings{{"AZURE_KEY_VAULT_ENDPOINT", "https://v.vault.azure.net"}});
    shortage.executor.refuses = true;
    shortage.connections.warm_up();
    CHECK(shortage.sent().empty());
  }

  TEST_CASE("a word that is neither on nor off is named, and does not switch it off") {
    Fixture f(Settings{{"AZURE_KEY_VAULT_ENDPOINT", "https://v.vault.azure.net"}, {"AZF_WARM_UP", "no"}});
    f.connections.warm_up();
    CHECK(f.lines.text().find("AZF_WARM_UP must be on or off") != std::string::npos);
    f.executor.run();
    CHECK(f.sent().size() == 1);
  }

  TEST_CASE("the end of the connections waits for a warm-up, and the end of the program ends it") {
    Fixture f(Settings{{"AZURE_KEY_VAULT_ENDPOINT", "https://v.vault.azure.net"}});
    azf::SystemClock clock;
    azf::ThreadExecutor threads(f.log);
    {
      ServiceConnections connections(f.network, f.credential,
                                     {f.environment, f.identity, clock, f.log, f.processes, threads});
      connections.warm_up();
      clock.end_sleeps();
    }
    CHECK(f.sent().empty());
  }

  TEST_CASE("a warm-up that throws is an error in the log, and does not hold up the end of the connections") {
    Fixture f(Settings{{"AZURE_KEY_VAULT_ENDPOINT", "https://v.vault.azure.net"}});
    f.answer = []() -> Result<HttpResponse> { throw std::logic_error("a mistake"); };
    {
      azf::ThreadExecutor threads(f.log);
      ServiceConnections connections(f.network, f.credential,
                                     {f.environment, f.identity, f.clock, f.log, f.processes, threads});
      connections.warm_up();
    }
    CHECK(f.lines.text().find(R"("task":"warm-up","reason":"uncaught exception: a mistake")") != std::string::npos);
  }
}
