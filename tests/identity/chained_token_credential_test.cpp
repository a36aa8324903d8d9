#include "identity/chained_token_credential.h"

#include "identity/credential_fixture.h"
#include "support/fake_credential.h"

#include <doctest/doctest.h>

#include <latch>
#include <stdexcept>
#include <thread>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;
using test::fake_refusal;
using test::fake_token;
using test::FakeCredential;
using Memory = ChainedTokenCredential::Memory;

const SystemTime kLater = SystemTime(std::chrono::seconds(1767400000));

struct ChainFixture : test::CredentialFixture {
  ChainFixture() : CredentialFixture(std::vector<test::FakeTransport::Reply>{}) {}

  FakeCredential& add(std::string name, std::vector<TokenResult> outcomes) {
    auto source = std::make_unique<FakeCredential>(std::move(name), std::move(outcomes));
    FakeCredential& reference = *source;
    sources.push_back(std::move(source));
    return reference;
  }
  ChainedTokenCredential chain(Memory memory = Memory::kFirstSuccess) {
    return {"DefaultAzureCredential", std::move(sources), memory, services()};
  }

  std::vector<std::unique_ptr<TokenCredential>> sources;
};

TokenResult get(TokenCredential& credential, Deadline deadline = Deadline::never()) {
  return credential.get_token({{test::kVaultScope}, "", ""}, deadline);
}

// How long it took is the chain's to say; here no time passes.
Attempt attempt(std::string credential, AttemptOutcome outcome, std::string reason) {
  Attempt made;
  made.credential = std::move(credential);
  made.outcome = outcome;
  made.reason = std::move(reason);
  made.duration = 0ms;
  return made;
}

const Attempt kUnset = attempt("A", AttemptOutcome::kUnavailable, "not configured");

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("I-51: unavailable moves on, and the token lists who was asked") {
    ChainFixture f;
    f.add("A", {fake_refusal(ErrorKind::kCredentialUnavailable, "not configured", "A")});
    f.add("B", {fake_token("token-1", kLater, kLater - 1h, "B")});
    FakeCredential& third = f.add("C", {});
    ChainedTokenCredential chain = f.chain();
    const auto result = get(chain);
    REQUIRE(result);
    CHECK((*result)->token.expose() == "token-1");
    CHECK((*result)->expires_on == kLater);
    CHECK((*result)->refresh_on == kLater - 1h);
    CHECK((*result)->credential == "B");
    CHECK((*result)->attempts ==
          std::vector<Attempt>{kUnset, attempt("B", AttemptOutcome::kSucceeded, "made by a test")});
    CHECK(third.requests().empty());
    CHECK(f.sink.text().find("DefaultAzureCredential chose B") != std::string::npos);
  }

  TEST_CASE("I-51: any other error stops the chain, and keeps its kind and numbers") {
    for (const auto kind :
         {ErrorKind::kAuthenticationFailed, ErrorKind::kTimeout, ErrorKind::kInvalidArgument, ErrorKind::kInternal}) {
      CAPTURE(to_string(kind));
      ChainFixture f;
      f.add("A", {fake_refusal(ErrorKind::kCredentialUnavailable, "not configured", "A")});
      CredentialError failure = fake_refusal(kind, "AADSTS7000215", "B");
      failure.status = 401;
      failure.error_codes = {7000215};
      failure.correlation_id = "c-1";
      f.add("B", {failure});
      FakeCredential& third = f.add("C", {});
      ChainedTokenCredential chain = f.chain();
      const auto result = get(chain);
      REQUIRE(!result);
      CHECK(result.error().kind == kind);
      CHECK(result.error().status == 401);
      CHECK(result.error().error_codes == std::vector<int>{7000215});
      CHECK(result.error().correlation_id == "c-1");
      CHECK(result.error().attempts ==
            std::vector<Attempt>{kUnset, attempt("B", AttemptOutcome::kFailed, "AADSTS7000215")});
      CHECK(third.requests().empty());
    }
  }

  TEST_CASE("I-51: where all are unavailable so is the chain, with one line for each reason") {
    ChainFixture f;
    f.add("A", {fake_refusal(ErrorKind::kCredentialUnavailable, "not configured", "A")});
    f.add("B", {fake_refusal(ErrorKind::kCredentialUnavailable, "first line\nsecond line", "B")});
    ChainedTokenCredential chain = f.chain();
    const auto result = get(chain);
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kCredentialUnavailable);
    CHECK(result.error().message ==
          "DefaultAzureCredential: failed to acquire a token.\nAttempted credentials:\n\tA: not configured\n\tB: first "
          "line\n\tsecond line");
    CHECK(result.error().attempts.size() == 2);
  }

  TEST_CASE("I-52: after a success only that credential is asked, also where it fails later") {
    ChainFixture f;
    FakeCredential& first = f.add("A", {fake_refusal(ErrorKind::kCredentialUnavailable, "not configured", "A")});
    FakeCredential& second = f.add("B", {fake_token("token-1", kLater, {}, "B"), fake_token("token-2", kLater, {}, "B"),
                                         fake_refusal(ErrorKind::kCredentialUnavailable, "gone", "B")});
    ChainedTokenCredential chain = f.chain();
    REQUIRE(get(chain));
    REQUIRE(get(chain));
    CHECK(get(chain).error().kind == ErrorKind::kCredentialUnavailable);
    CHECK(first.requests().size() == 1);
    CHECK(second.requests().size() == 3);
    CHECK(f.sink.lines().size() == 1);  // the choice is logged once
  }

  TEST_CASE("a chain without memory walks each time") {
    ChainFixture f;
    const CredentialError unset = fake_refusal(ErrorKind::kCredentialUnavailable, "not configured", "A");
    FakeCredential& first = f.add("A", {unset, fake_token("token-2", kLater, {}, "A")});
    f.add("B", {fake_token("token-1", kLater, {}, "B")});
    ChainedTokenCredential chain = f.chain(Memory::kNone);
    CHECK((*get(chain))->token.expose() == "token-1");
    CHECK((*get(chain))->token.expose() == "token-2");
    CHECK(first.requests().size() == 2);
  }

  TEST_CASE("a failed walk is not remembered") {
    ChainFixture f;
    f.add("A", {fake_refusal(ErrorKind::kAuthenticationFailed, "no", "A"), fake_token("token-1", kLater, {}, "A")});
    ChainedTokenCredential chain = f.chain();
    CHECK(!get(chain));
    CHECK(get(chain));
  }

  TEST_CASE("no scope is refused before anybody is asked; a chain of nobody is a bug") {
    ChainFixture f;
    FakeCredential& first = f.add("A", {});
    ChainedTokenCredential chain = f.chain();
    CHECK(chain.get_token({}, Deadline::never()).error().kind == ErrorKind::kInvalidArgument);
    CHECK(first.requests().empty());
    CHECK_THROWS_AS((ChainedTokenCredential("X", {}, Memory::kNone, f.services())), std::logic_error);
  }

  TEST_CASE("I-52: ten first callers at once cause one walk") {
    constexpr int kCallers = 10;
    std::latch all_started(kCallers);
    ChainFixture f;
    auto unavailable = std::make_unique<FakeCredential>("A", [&](const TokenRequestContext&, Deadline) -> TokenResult {
      all_started.wait();
      return fake_refusal(ErrorKind::kCredentialUnavailable, "not configured", "A");
    });
    const FakeCredential& first = *unavailable;
    f.sources.push_back(std::move(unavailable));
    f.sources.push_back(std::make_unique<FakeCredential>(
        "B", [](const TokenRequestContext&, Deadline) { return fake_token("token-1", kLater, {}, "B"); }));
    ChainedTokenCredential chain = f.chain();

    std::atomic<int> tokens = 0;
    {
      std::vector<std::jthread> callers;
      for (int i = 0; i < kCallers; ++i) {
        callers.emplace_back([&] {
          all_started.count_down();
          if (get(chain)) ++tokens;
        });
      }
    }
    CHECK(tokens == kCallers);
    CHECK(first.requests().size() == 1);
  }

  TEST_CASE("I-55: a caller who waits for another one's walk keeps its own deadline") {
    const SystemClock clock;
    test::MemoryLogSink sink;
    const Logger log(sink, clock, LogLevel::kDebug, LogFormat::kJson);
    const Environment environment;
    test::FakeTransport http(std::vector<test::FakeTransport::Reply>{});
    test::FakeProcessRunner processes;
    ThreadExecutor executor(log);
    std::latch walking(1);
    std::latch release(1);
    std::vector<std::unique_ptr<TokenCredential>> sources;
    sources.push_back(std::make_unique<FakeCredential>("A", [&](const TokenRequestContext&, Deadline) {
      walking.count_down();
      release.wait();
      return fake_token("token-1", kLater, {}, "A");
    }));
    ChainedTokenCredential chain("C", std::move(sources), Memory::kFirstSuccess,
                                 {environment, http, clock, log, processes, executor});
    std::jthread walker([&] { CHECK(get(chain)); });
    walking.wait();
    const auto result = get(chain, Deadline::after(clock, 1ms));
    release.count_down();
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kTimeout);
  }

  TEST_CASE("a source that throws does not block the callers after it") {
    ChainFixture f;
    bool broken = true;
    f.sources.push_back(std::make_unique<FakeCredential>("A", [&](const TokenRequestContext&, Deadline) {
      if (broken) throw std::logic_error("bug");
      return fake_token("token-1", kLater, {}, "A");
    }));
    ChainedTokenCredential chain = f.chain();
    CHECK_THROWS_AS((void)get(chain), std::logic_error);
    broken = false;
    CHECK(get(chain));
  }
}

}  // namespace azf::identity
