// What every credential promises, whatever its kind and wherever it runs.

#include "identity/advice.h"
#include "identity/credential_factory.h"
#include "identity/credential_family.h"
#include "identity/token_outcome.h"
#include "support/fake_credential.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;
using test::credential_family;
using test::FailingReply;
using test::FailingTool;
using test::FamilyFixture;
using test::FamilyMember;

const TokenRequestContext kVault{{test::kVaultScope}, "", ""};
// Goes past the cache, so that the second call of a credential differs from its first.
const TokenRequestContext kVaultWithClaims{{test::kVaultScope}, "", R"({"access_token":{"acrs":{"value":"c1"}}})"};

// What comes back from one request or run on.
struct Failure {
  std::size_t after = 0;
  std::string_view name;
  std::optional<FailingReply> reply{};
  std::optional<FailingTool> tool{};
};

FailingReply reply_named(std::string_view name) {
  const auto reply = std::ranges::find(test::failing_replies(), name, &FailingReply::name);
  REQUIRE(reply != test::failing_replies().end());
  return *reply;
}

FailingTool tool_named(std::string_view name) {
  const auto tool = std::ranges::find(test::failing_tools(), name, &FailingTool::name);
  REQUIRE(tool != test::failing_tools().end());
  return *tool;
}

// Each failure at each request and run that two successful calls need.
std::vector<Failure> failures_of(const FamilyMember& member) {
  FamilyFixture f(member);
  const auto credential = f.create();
  REQUIRE(credential->get_token(kVault, Deadline::never()));
  (void)credential->get_token(kVaultWithClaims, Deadline::never());
  CHECK(f.wrongly_sent_or_kept().empty());

  std::vector<Failure> failures;
  for (std::size_t after = 0; after < f.events().size(); ++after) {
    // A chain goes on from tools to tools, and from endpoints to tools.
    if (f.events()[after]) {
      for (const FailingTool& tool : test::failing_tools()) failures.push_back({after, tool.name, {}, tool});
    } else {
      for (const FailingReply& reply : test::failing_replies()) {
        failures.push_back({after, reply.name, reply, tool_named("a failure that repeats the token")});
      }
    }
  }
  return failures;
}

void check_explained(const Attempt& attempt) {
  CAPTURE(attempt.credential);
  CAPTURE(attempt.reason);
  CHECK(attempt.outcome != AttemptOutcome::kSucceeded);
  CHECK(!attempt.code.empty());
  CHECK(!attempt.looked_for.empty());
  CHECK(!attempt.reason.empty());
  CHECK(!attempt.next_step.empty());
  CHECK(attempt.duration.has_value());
}

void check_explained(const CredentialError& error) {
  CHECK((error.kind == ErrorKind::kInvalidArgument || error.kind == ErrorKind::kCredentialUnavailable ||
         error.kind == ErrorKind::kAuthenticationFailed || error.kind == ErrorKind::kTimeout));
  CHECK(!error.message.empty());
  REQUIRE(!error.attempts.empty());
  for (const Attempt& attempt : error.attempts) check_explained(attempt);
}

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("the family has each credential that can be chosen by name") {
    std::set<std::string_view> family;
    for (const FamilyMember& member : credential_family()) family.insert(member.credential);
    std::set<std::string_view> known;
    for (const CredentialDescription& each : known_credentials()) known.insert(each.name);
    CHECK(family == known);
    CHECK(known.size() == 14);
  }

  TEST_CASE("I-5: every credential refuses to ask without a scope") {
    for (const FamilyMember& member : credential_family()) {
      CAPTURE(member.credential);
      CAPTURE(member.variant);
      FamilyFixture f(member);
      const auto credential = f.create();
      CHECK(credential->name() == member.credential);
      for (const auto& scopes : {std::vector<std::string>{}, std::vector<std::string>{""}}) {
        const auto result = credential->get_token({scopes, "", ""}, Deadline::never());
        REQUIRE(!result);
        CHECK(result.error().kind == ErrorKind::kInvalidArgument);
        CHECK(result.error().message.starts_with(std::string(member.credential) + ": "));
        check_explained(result.error());
      }
      CHECK(f.events().empty());
    }
  }

  TEST_CASE("every credential issues a token with its expiry, its name, and where it came from") {
    for (const FamilyMember& member : credential_family()) {
      CAPTURE(member.credential);
      CAPTURE(member.variant);
      FamilyFixture f(member);
      const auto result = f.create()->get_token(kVault, Deadline::never());
      REQUIRE(result);
      CHECK((*result)->token.expose().find("access-token") != std::string_view::npos);
      CHECK((*result)->expires_on == f.clock.system_now() + 2h);
      CHECK((*result)->refresh_on == f.clock.system_now() + 1h);
      const std::vector<Attempt>& attempts = (*result)->attempts;
      REQUIRE(!attempts.empty());
      CHECK(attempts.back().credential == (*result)->credential);
      for (const Attempt& attempt : attempts) {
        const bool is_winner = &attempt == &attempts.back();
        CHECK((attempt.outcome == AttemptOutcome::kSucceeded) == is_winner);
        CHECK(attempt.code.empty() == is_winner);
        CHECK(!attempt.reason.empty());
        CHECK(!attempt.looked_for.empty());
        CHECK(attempt.duration.has_value());
      }
      CHECK(!attempts.back().source.empty());
      CHECK(test::leaks_in(f.visible(result), f.secrets()).empty());
    }
  }

  TEST_CASE("I-56: every credential keeps its tokens, and asks nobody for them a second time") {
    for (const FamilyMember& member : credential_family()) {
      CAPTURE(member.credential);
      CAPTURE(member.variant);
      FamilyFixture f(member);
      const auto credential = f.create();
      const auto first = credential->get_token(kVault, Deadline::never());
      REQUIRE(first);
      const auto before = f.events().size();
      const auto second = credential->get_token(kVault, Deadline::never());
      REQUIRE(second);
      CHECK((*second)->token == (*first)->token);
      CHECK(f.events().size() == before);
      REQUIRE(credential->get_token({{"https://storage.azure.com/.default"}, "", ""}, Deadline::never()));
      CHECK(f.events().size() > before);
    }
  }

  TEST_CASE("I-9: every credential names each request by a GUID") {
    for (const FamilyMember& member : credential_family()) {
      CAPTURE(member.credential);
      CAPTURE(member.variant);
      FamilyFixture f(member);
      REQUIRE(f.create()->get_token(kVault, Deadline::never()));
      for (const HttpRequest& request : f.http.requests()) {
        CHECK(request.headers.get("client-request-id") == "00000000-0000-4000-8000-000000000001");
      }
    }
  }

  TEST_CASE("every credential keeps the caller's deadline") {
    for (const FamilyMember& member : credential_family()) {
      CAPTURE(member.credential);
      CAPTURE(member.variant);
      FamilyFixture f(member);
      const auto credential = f.create();
      f.clock.advance(10s);
      const auto late = credential->get_token(kVault, Deadline::after(f.clock, 0s));
      REQUIRE(!late);
      CHECK(late.error().kind == ErrorKind::kTimeout);
      CHECK(late.error().attempts.back().code == "deadline_passed");
      check_explained(late.error());
      CHECK(f.events().empty());

      f.fail_after(0, reply_named("503"), tool_named("not installed"));
      const SteadyTime begin = f.clock.steady_now();
      const auto result = credential->get_token(kVault, Deadline::after(f.clock, 2s));
      REQUIRE(!result);
      check_explained(result.error());
      CHECK(f.clock.steady_now() - begin <= 2s);
    }
  }

  TEST_CASE("I-67: no credential gives a secret or a token away, whatever comes back, and each failure is explained") {
    std::size_t failed = 0;
    for (const FamilyMember& member : credential_family()) {
      CAPTURE(member.credential);
      CAPTURE(member.variant);
      for (const Failure& failure : failures_of(member)) {
        CAPTURE(failure.after);
        CAPTURE(failure.name);
        FamilyFixture f(member);
        const auto credential = f.create();
        f.fail_after(failure.after, failure.reply, failure.tool);
        for (const TokenRequestContext& context : {kVault, kVaultWithClaims}) {
          const auto result = credential->get_token(context, Deadline::never());
          CHECK(test::leaks_in(f.visible(result), f.secrets()) == std::vector<std::string>{});
          if (result) continue;
          ++failed;
          check_explained(result.error());
        }
      }
    }
    CHECK(failed > 1000);
  }

  TEST_CASE("I-59, I-67: a refresh that fails in the background leaves the old token, and a log line without secrets") {
    for (const FamilyMember& member : credential_family()) {
      CAPTURE(member.credential);
      CAPTURE(member.variant);
      FamilyFixture f(member);
      const auto credential = f.create();
      const auto first = credential->get_token(kVault, Deadline::never());
      REQUIRE(first);
      f.fail_after(f.events().size(), reply_named("400"), tool_named("a failure that repeats the token"));
      f.clock.advance(70min);
      const auto second = credential->get_token(kVault, Deadline::never());
      REQUIRE(f.executor.wait_idle(30s));
      REQUIRE(second);
      CHECK((*second)->token == (*first)->token);
      CHECK(f.sink.text().find("token refresh failed") != std::string::npos);
      CHECK(test::leaks_in(f.visible(second), f.secrets()) == std::vector<std::string>{});
    }
  }

  TEST_CASE("I-67: a token that the pin does not allow is in nothing that is said") {
    for (const FamilyMember& member : credential_family()) {
      if (member.create != nullptr) continue;  // built without the pin
      CAPTURE(member.credential);
      CAPTURE(member.variant);
      FamilyFixture f(member);
      f.environment.set("AZF_IDENTITY_PIN", test::kTenant + "/33333333-3333-4333-8333-333333333333");
      const auto result = f.create()->get_token(kVault, Deadline::never());
      REQUIRE(!result);
      CHECK(result.error().attempts.back().code == "identity_pinned");
      check_explained(result.error().attempts.back());
      CHECK(test::leaks_in(f.visible(result), f.secrets()) == std::vector<std::string>{});
    }
  }

  TEST_CASE("I-67: what looks for secrets finds them, whole or cut, in each field and in the log") {
    const std::vector<test::PlantedSecret> secrets = {{"client secret", "planted-client-secret"}};
    const auto is_found = [&](const CredentialError& error) {
      return test::leaks_in(test::visible_in(error), secrets) == std::vector<std::string>{"client secret"};
    };
    const CredentialError harmless = test::fake_refusal(ErrorKind::kAuthenticationFailed, "refused");
    CHECK(!is_found(harmless));
    for (const std::string leak : {"planted-client-secret", "is planted-client-s..."}) {
      CAPTURE(leak);
      for (std::string CredentialError::*field : {&CredentialError::message, &CredentialError::correlation_id,
                                                  &CredentialError::oauth_error, &CredentialError::claims}) {
        CredentialError error = harmless;
        error.*field = leak;
        CHECK(is_found(error));
      }
      for (std::string Attempt::*field : {&Attempt::credential, &Attempt::code, &Attempt::source, &Attempt::looked_for,
                                          &Attempt::reason, &Attempt::next_step}) {
        CredentialError error = harmless;
        error.attempts.front().*field = leak;
        CHECK(is_found(error));
      }
    }

    const FamilyMember member{"ClientSecretCredential", "", [](FamilyFixture& f) {
                                f.environment.set("AZURE_CLIENT_SECRET", f.plant("client secret"));
                              }};
    FamilyFixture f(member);
    REQUIRE(f.secrets().size() == 1);
    const std::string secret = f.secrets().front().value;
    CHECK(f.wrongly_sent_or_kept() == std::vector<std::string>{"client secret"});
    CHECK(test::leaks_in(f.visible(harmless), f.secrets()).empty());
    f.log.debug("sending", {{"form", secret}});
    CHECK(!test::leaks_in(f.visible(harmless), f.secrets()).empty());
    FamilyFixture g(member);
    HttpRequest request;
    request.url = "https://host/?client_secret=" + secret;
    (void)g.http.send(request, {});
    CHECK(!test::leaks_in(g.visible(harmless), g.secrets()).empty());
    CHECK(g.wrongly_sent_or_kept().empty());
  }

  TEST_CASE("I-67: a secret that cannot be used is not quoted") {
    const auto begin = [](const std::string& kind) { return "-----BEGIN " + kind + "-----\n"; };
    const auto end = [](const std::string& kind) { return "\n-----END " + kind + "-----\n"; };
    const std::string key = "cGxhbnRlZC1wcml2YXRlLWtleQ==";
    const std::vector<test::PlantedSecret> secrets = {
        {"private key", key}, {"password", "planted-password"}, {"text", "planted-no-key"}};
    for (const std::string& content :
         {begin("PRIVATE KEY") + key + end("PRIVATE KEY"), begin("ENCRYPTED PRIVATE KEY") + key,
          std::string("\x30\x82"),
          begin("RSA PRIVATE KEY") + "Proc-Type: 4,ENCRYPTED\nDEK-Info: planted-no-key\n\n" + key +
              end("RSA PRIVATE KEY"),
          begin("CERTIFICATE") + key + end("CERTIFICATE"), std::string("planted-no-key"),
          begin("planted-no-key") + key + end("planted-no-key")}) {
      CAPTURE(content);
      test::CredentialFixture f(std::vector<test::FakeTransport::Reply>{});
      const test::TemporaryDirectory directory;
      f.environment.set("AZURE_TENANT_ID", test::kTenant);
      f.environment.set("AZURE_CLIENT_ID", test::kClient);
      f.environment.set("AZURE_CLIENT_CERTIFICATE_PATH", directory.write("file", content));
      f.environment.set("AZURE_CLIENT_CERTIFICATE_PASSWORD", "planted-password");
      const auto created = create_credential("ClientCertificateCredential", {}, f.services());
      REQUIRE(!created);
      CHECK(test::leaks_in(created.error().message + f.sink.text(), secrets).empty());
      for (const std::string name : {"EnvironmentCredential", "DefaultAzureCredential"}) {
        const auto credential = create_credential(name, {}, f.services());
        REQUIRE(credential);
        const auto result = (*credential)->get_token(kVault, Deadline::never());
        REQUIRE(!result);
        CHECK(result.error().attempts.back().code == "certificate_unusable");
        check_explained(result.error());
        CHECK(test::leaks_in(test::visible_in(result.error()) + f.sink.text(), secrets).empty());
      }
    }
  }
}

}  // namespace azf::identity
