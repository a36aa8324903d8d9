#include "identity/client_assertion_credential.h"

#include "identity/caching_credential.h"
#include "identity/credential_fixture.h"
#include "support/temporary_directory.h"

#include <doctest/doctest.h>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;
using test::CredentialFixture;
using test::FakeTransport;

ClientAssertionOptions options(AssertionSource source) {
  ClientAssertionOptions options;
  options.tenant_id = test::kTenant;
  options.client_id = test::kClient;
  options.get_assertion = std::move(source);
  return options;
}

std::unique_ptr<TokenCredential> create(CredentialFixture& f, AssertionSource source) {
  auto created = create_client_assertion_credential(options(std::move(source)), f.services());
  REQUIRE(created);
  return std::move(*created);
}

TokenResult get(TokenCredential& credential, Deadline deadline = Deadline::never()) {
  return credential.get_token({{test::kVaultScope}}, deadline);
}

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("I-23: the callback is called once for each token that the cache does not have") {
    CredentialFixture f({test::entra_token("token-1"), test::entra_token("token-2")});
    int calls = 0;
    CachingCredential credential(
        create(f, [&](Deadline) -> Result<Secret> { return Secret("assertion-" + std::to_string(++calls)); }),
        f.services());
    REQUIRE(get(credential));
    REQUIRE(get(credential));
    CHECK(calls == 1);
    REQUIRE(credential.get_token({{"https://storage.azure.com/.default"}}, Deadline::never()));
    CHECK(calls == 2);
    const auto form = test::fields_of(f.http.requests().at(1).body);
    CHECK(form.at("client_assertion") == "assertion-2");
    CHECK(form.at("client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
    CHECK(!form.contains("client_secret"));
  }

  TEST_CASE("I-23: a callback that fails or gives nothing is a failure in its own words, and nothing is sent") {
    struct Row {
      AssertionSource source;
      std::string reason;
    };
    const Row rows[] = {
        {[](Deadline) -> Result<Secret> { return Secret(); }, "no client assertion: it is empty"},
        {[](Deadline) -> Result<Secret> {
           return Error{ErrorKind::kTransport, "vault is sealed"};
         },
         "no client assertion: vault is sealed"},
        {[](Deadline) -> Result<Secret> {
           return Error{ErrorKind::kCredentialUnavailable, "not here"};
         },
         "no client assertion: not here"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.reason);
      CredentialFixture f(std::vector<FakeTransport::Reply>{});
      const auto result = get(*create(f, row.source));
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
      REQUIRE(result.error().attempts.size() == 1);
      CHECK(result.error().attempts.front().reason == row.reason);
      CHECK(result.error().attempts.front().code == "assertion_failed");
      CHECK(f.http.requests().empty());
    }
  }

  TEST_CASE("a callback that takes longer than the caller has is a time-out") {
    CredentialFixture f(std::vector<FakeTransport::Reply>{});
    const auto credential = create(f, [&](Deadline deadline) -> Result<Secret> {
      f.clock.advance(deadline.remaining(f.clock));
      return Error{ErrorKind::kTimeout, "too slow"};
    });
    const auto result = get(*credential, Deadline::after(f.clock, 2s));
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kTimeout);
    CHECK(result.error().attempts.front().code == "deadline_passed");
  }

  TEST_CASE("an assertion is read from a file for each request") {
    CredentialFixture f({test::entra_token("token-1"), test::entra_token("token-2")});
    const test::TemporaryDirectory directory;
    const auto credential = create(f, assertion_file(directory.path() + "/assertion"));
    for (const auto& content : {std::optional<std::string>(), std::optional<std::string>(" \n")}) {
      if (content) directory.write("assertion", *content);
      const auto result = get(*credential);
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
      CHECK(result.error().message.find(directory.path() + "/assertion") != std::string::npos);
    }
    for (const std::string assertion : {"jwt-1", "jwt-2"}) {
      directory.write("assertion", assertion + "\r\n");
      REQUIRE(get(*credential));
      CHECK(test::fields_of(f.http.requests().back().body).at("client_assertion") == assertion);
    }
  }

  TEST_CASE("an assertion is what a program prints") {
    CredentialFixture f({test::entra_token("token-1")});
    f.processes.set_answer([](const ProcessCommand&) -> Result<ProcessOutput> {
      return ProcessOutput{0, Secret("jwt-1\n"), "noise"};
    });
    REQUIRE(get(*create(f, assertion_command({"vault", "read", "jwt"}, f.processes, 5s))));
    CHECK(test::fields_of(f.http.requests().front().body).at("client_assertion") == "jwt-1");
    REQUIRE(f.processes.commands().size() == 1);
    const ProcessCommand command = f.processes.commands().front();
    CHECK(command.program == "vault");
    CHECK(command.arguments == std::vector<std::string>{"read", "jwt"});
    CHECK(command.timeout == 5s);
  }

  TEST_CASE("a program that gives no assertion is a failure that says why, and never what it printed") {
    struct Row {
      std::function<Result<ProcessOutput>()> answer;
      std::string reason;
    };
    const Row rows[] = {
        {[] {
           return Result<ProcessOutput>(Error{ErrorKind::kNotFound, "vault was not found on PATH"});
         },
         "no client assertion: command vault: vault was not found on PATH"},
        {[] {
           return Result<ProcessOutput>(Error{ErrorKind::kTimeout, "no end after 13 s"});
         },
         "no client assertion: command vault: no end after 13 s"},
        {[] {
           return Result<ProcessOutput>(ProcessOutput{2, Secret("marker"), "permission\x1b[31m denied\n"});
         },
         "no client assertion: command vault ended with exit code 2: permission denied"},
        {[] {
           return Result<ProcessOutput>(ProcessOutput{3, Secret("marker"), ""});
         },
         "no client assertion: command vault ended with exit code 3"},
        {[] {
           return Result<ProcessOutput>(ProcessOutput{0, Secret(" \n"), "marker"});
         },
         "no client assertion: it is empty"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.reason);
      CredentialFixture f(std::vector<FakeTransport::Reply>{});
      f.processes.set_answer([&](const ProcessCommand&) { return row.answer(); });
      const auto result = get(*create(f, assertion_command({"vault"}, f.processes)));
      REQUIRE(!result);
      CHECK(result.error().kind == ErrorKind::kAuthenticationFailed);
      CHECK(result.error().attempts.front().reason == row.reason);
    }
    CredentialFixture f(std::vector<FakeTransport::Reply>{});
    CHECK(!get(*create(f, assertion_command({}, f.processes))));
    CHECK(f.processes.commands().empty());
  }

  TEST_CASE("I-1: without tenant, client or source there is no credential") {
    CredentialFixture f(std::vector<FakeTransport::Reply>{});
    const AssertionSource source = [](Deadline) -> Result<Secret> { return Secret("jwt"); };
    auto no_tenant = options(source);
    no_tenant.tenant_id.clear();
    auto no_client = options(source);
    no_client.client_id.clear();
    for (auto* with : {&no_tenant, &no_client}) {
      const auto created = create_client_assertion_credential(*with, f.services());
      REQUIRE(!created);
      CHECK(created.error().kind == ErrorKind::kInvalidArgument);
    }
    CHECK(!create_client_assertion_credential(options(nullptr), f.services()));
  }
}

}  // namespace azf::identity
