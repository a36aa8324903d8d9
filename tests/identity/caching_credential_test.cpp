#include "identity/caching_credential.h"

#include "identity/credential_fixture.h"
#include "support/fake_credential.h"

#include <doctest/doctest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;
using test::fake_refusal;
using test::fake_token;
using test::FakeCredential;

CredentialError with_status(int status) {
  CredentialError error = fake_refusal(ErrorKind::kAuthenticationFailed, "answered " + std::to_string(status));
  error.status = status;
  return error;
}

// A cache over a fake credential, with a clock that only tests move.
struct CacheFixture : test::CredentialFixture {
  explicit CacheFixture(FakeCredential::Answer answer = nullptr)
      : CredentialFixture(std::vector<test::FakeTransport::Reply>{}) {
    auto owned = answer ? std::make_unique<FakeCredential>("FakeCredential", std::move(answer))
                        : std::make_unique<FakeCredential>("FakeCredential");
    source = owned.get();
    cache = std::make_unique<CachingCredential>(std::move(owned), services());
  }

  TokenResult get(std::string scope = test::kVaultScope, std::string tenant = "", std::string claims = "",
                  Deadline deadline = Deadline::never()) {
    return cache->get_token({{std::move(scope)}, std::move(tenant), std::move(claims)}, deadline);
  }
  void wait_for_refreshes() { CHECK(executor.wait_idle(std::chrono::minutes(1))); }
  // The token's text, or the error's kind.
  std::string outcome(const TokenResult& result) {
    return std::string(result ? (*result)->token.expose() : to_string(result.error().kind));
  }
  void will_issue(std::string_view token, std::chrono::seconds life, std::optional<std::chrono::seconds> refresh = {}) {
    const SystemTime now = clock.system_now();
    source->add_outcome(fake_token(token, now + life, refresh ? std::optional(now + *refresh) : std::nullopt));
  }
  [[nodiscard]] std::size_t fetches() const { return source->requests().size(); }

  FakeCredential* source;
  std::unique_ptr<CachingCredential> cache;
};

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("I-56: the same scopes and tenant are fetched once, others anew") {
    CacheFixture f([](const TokenRequestContext&, Deadline) {
      return fake_token("token", SystemTime(std::chrono::seconds(1767400000)));
    });
    CHECK(f.cache->name() == "FakeCredential");
    const auto fetches_after = [&](std::vector<std::string> scopes, const char* tenant) {
      CHECK(f.cache->get_token({std::move(scopes), tenant, ""}, Deadline::never()));
      return f.fetches();
    };
    CHECK(fetches_after({"a", "b"}, "") == 1);
    CHECK(fetches_after({"b", "A", "a"}, "") == 1);
    CHECK(fetches_after({"a"}, "") == 2);
    CHECK(fetches_after({"ab"}, "") == 3);
    CHECK(fetches_after({"a b"}, "") == 4);
    CHECK(fetches_after({"a"}, "contoso.com") == 5);
    CHECK(fetches_after({"a"}, "Contoso.com") == 5);
    CHECK(fetches_after({"contoso.com a"}, "") == 6);
    CHECK(f.source->requests().front().scopes == std::vector<std::string>{"a", "b"});  // as the caller wrote them
    CHECK(f.sink.text().find("token from the cache") != std::string::npos);
  }

  TEST_CASE("a token is handed out from memory, then refreshed, then fetched, as its end comes near") {
    struct Row {
      std::string name;
      std::chrono::seconds life;
      std::optional<std::chrono::seconds> refresh;
      std::chrono::seconds later;
      std::string token;  // "old" is in memory, "new" is what a fetch brings
      std::size_t fetches;
    };
    const Row rows[] = {
        {"fresh", 3600s, {}, 3000s, "old", 1},
        {"just before the last 5 minutes", 3600s, {}, 3299s, "old", 1},
        {"in the last 5 minutes", 3600s, {}, 3300s, "new", 2},
        {"in the last 2 minutes", 3600s, {}, 3480s, "new", 2},
        {"ended", 3600s, {}, 3700s, "new", 2},
        {"before the refresh time", 86400s, 43200s, 43199s, "old", 1},
        {"after the refresh time, while a new one is fetched", 86400s, 43200s, 43200s, "old", 2},
        {"in the last 5 minutes, after the refresh time", 86400s, 43200s, 86150s, "new", 2},
        {"short life, early", 240s, {}, 179s, "old", 1},
        {"short life, late", 240s, {}, 180s, "new", 2},
        {"no life at all", 0s, {}, 0s, "new", 2},
    };
    for (const Row& row : rows) {
      CAPTURE(row.name);
      CacheFixture f;
      f.will_issue("old", row.life, row.refresh);
      CHECK(f.outcome(f.get()) == "old");
      f.clock.advance(row.later);
      f.will_issue("new", 3600s);
      CHECK(f.outcome(f.get()) == row.token);
      f.wait_for_refreshes();
      CHECK(f.fetches() == row.fetches);
      CHECK(f.outcome(f.get()) == (row.fetches == 2 ? "new" : "old"));
    }
  }

  TEST_CASE("I-59: a failed refresh does not surface, and is not repeated within 30 s") {
    for (const auto& failure :
         {with_status(500), with_status(401), fake_refusal(ErrorKind::kCredentialUnavailable, "gone"),
          fake_refusal(ErrorKind::kTimeout, "slow")}) {
      CacheFixture f;
      f.will_issue("old", 3600s, 1800s);
      REQUIRE(f.get());
      f.clock.advance(1900s);
      f.source->add_outcome(failure);
      CHECK(f.outcome(f.get()) == "old");
      f.wait_for_refreshes();
      CHECK(f.fetches() == 2);
      CHECK(f.sink.lines().back().first == LogLevel::kWarning);
      CHECK(f.sink.lines().back().second.find("token refresh failed") != std::string::npos);

      f.clock.advance(29s);
      CHECK(f.outcome(f.get()) == "old");
      CHECK(f.fetches() == 2);
      f.clock.advance(1s);
      f.will_issue("new", 3600s);
      CHECK(f.outcome(f.get()) == "old");
      f.wait_for_refreshes();
      CHECK(f.outcome(f.get()) == "new");
      CHECK(f.fetches() == 3);
    }
  }

  TEST_CASE("refreshes that fail again and again come less and less often") {
    CacheFixture f;
    f.will_issue("old", 86400s, 1800s);
    REQUIRE(f.get());
    f.clock.advance(1800s);
    for (const auto pause : {30s, 60s, 120s, 240s, 300s, 300s}) {
      f.source->add_outcome(with_status(401));
      REQUIRE(f.get());
      f.wait_for_refreshes();
      const auto fetches = f.fetches();
      f.clock.advance(pause - 1s);
      REQUIRE(f.get());
      f.wait_for_refreshes();
      CHECK(f.fetches() == fetches);
      f.clock.advance(1s);
    }
  }

  TEST_CASE("instances refresh at different times") {
    CacheFixture f;
    auto services = f.services();
    services.jitter = [] { return 0.5; };
    auto owned = std::make_unique<FakeCredential>("FakeCredential");
    owned->add_outcome(fake_token("old", f.clock.system_now() + 86400s, f.clock.system_now() + 1000s));
    owned->add_outcome(fake_token("new", f.clock.system_now() + 86400s));
    const FakeCredential& source = *owned;
    CachingCredential cache(std::move(owned), services);
    const TokenRequestContext context{.scopes = {test::kVaultScope}};
    REQUIRE(cache.get_token(context, Deadline::never()));
    f.clock.advance(949s);
    REQUIRE(cache.get_token(context, Deadline::never()));
    f.wait_for_refreshes();
    CHECK(source.requests().size() == 1);
    f.clock.advance(1s);
    REQUIRE(cache.get_token(context, Deadline::never()));
    f.wait_for_refreshes();
    CHECK(source.requests().size() == 2);
  }

  TEST_CASE("I-65: a token that a service refused is not handed out again") {
    CacheFixture f;
    f.will_issue("refused", 3600s);
    const auto refused_token = f.get();
    REQUIRE(refused_token);
    f.will_issue("other scope", 3600s);
    REQUIRE(f.get("https://storage.azure.com/.default"));
    f.cache->discard(**refused_token);
    CHECK(f.outcome(f.get("https://storage.azure.com/.default")) == "other scope");
    f.will_issue("new", 3600s);
    CHECK(f.outcome(f.get()) == "new");
    f.cache->discard(**refused_token);  // no longer the one in use
    CHECK(f.outcome(f.get()) == "new");
  }

  TEST_CASE("a service that asks to be left alone is left alone, and the caller is told so") {
    CacheFixture f;
    CredentialError throttled = with_status(429);
    throttled.retry_after = 60s;
    f.source->add_outcome(throttled);
    CHECK(!f.get());
    f.clock.advance(50s);
    const auto again = f.get();
    REQUIRE(!again);
    CHECK(again.error().message.ends_with("(said before; the service wants to be left alone for another 10 s)"));
    CHECK(again.error().attempts.front().reason.find("another 10 s") != std::string::npos);
    CHECK(f.fetches() == 1);
    f.clock.advance(10s);
    f.will_issue("token", 3600s);
    CHECK(f.outcome(f.get()) == "token");
  }

  TEST_CASE("callers with the same claims at once cause one request") {
    constexpr int kCallers = 20;
    std::latch all_started(kCallers);
    CacheFixture f([&](const TokenRequestContext&, Deadline) {
      all_started.wait();
      return fake_token("token", SystemTime(std::chrono::seconds(1767400000)));
    });
    std::atomic<int> tokens = 0;
    {
      std::vector<std::jthread> callers;
      for (int i = 0; i < kCallers; ++i) {
        callers.emplace_back([&] {
          all_started.count_down();
          if (f.outcome(f.get(test::kVaultScope, "", "{}")) == "token") ++tokens;
        });
      }
    }
    CHECK(tokens == kCallers);
  }

  TEST_CASE("I-61: a token that is about to end is not handed out, even if no other can be had") {
    CacheFixture f;
    f.will_issue("old", 3600s);
    REQUIRE(f.get());
    f.clock.advance(3500s);
    f.source->add_outcome(with_status(401));
    CHECK(f.outcome(f.get()) == "authentication_failed");
  }

  TEST_CASE("I-62: setting the wall clock lengthens no token's life") {
    for (const auto jump : {-1h, 1h}) {
      CacheFixture f;
      f.will_issue("old", 3600s);
      REQUIRE(f.get());
      f.clock.jump_wall_clock(jump);
      f.clock.advance(3500s);
      f.will_issue("new", 3600s);
      CHECK(f.outcome(f.get()) == "new");
    }
  }

  TEST_CASE("I-60: claims go past the cache, and their token replaces the kept one") {
    CacheFixture f;
    f.will_issue("old", 3600s);
    REQUIRE(f.get());
    f.will_issue("new", 3600s);
    CHECK(f.outcome(f.get(test::kVaultScope, "", R"({"access_token":{}})")) == "new");
    CHECK(f.outcome(f.get()) == "new");
    f.source->add_outcome(with_status(500));
    CHECK(f.outcome(f.get(test::kVaultScope, "", R"({"access_token":{}})")) == "authentication_failed");
    CHECK(f.outcome(f.get()) == "new");
    CHECK(f.fetches() == 3);
  }

  TEST_CASE("a failure that may pass is repeated from memory for some seconds, any other is asked for anew") {
    struct Row {
      std::string name;
      CredentialError error;
      std::chrono::seconds remembered;
    };
    const Row rows[] = {
        {"no reply", with_status(0), 1s},
        {"throttled", with_status(429), 5s},
        {"server error", with_status(503), 5s},
        {"unavailable", fake_refusal(ErrorKind::kCredentialUnavailable, "probe timed out"), 1s},
        {"refused", with_status(401), 0s},
        {"wrong argument", fake_refusal(ErrorKind::kInvalidArgument, "no scope"), 0s},
        {"no time", fake_refusal(ErrorKind::kTimeout, "deadline"), 0s},
    };
    for (const Row& row : rows) {
      CAPTURE(row.name);
      CacheFixture f;
      f.source->add_outcome(row.error);
      CHECK(!f.get());
      f.clock.advance(row.remembered - 1ms);
      const bool remembered = row.remembered > 0s;
      if (!remembered) f.source->add_outcome(row.error);
      const auto again = f.get();
      REQUIRE(!again);
      CHECK(again.error().message == row.error.message);
      CHECK(f.fetches() == (remembered ? 1 : 2));
      f.clock.advance(1s);
      f.will_issue("token", 3600s);
      CHECK(f.outcome(f.get()) == "token");
    }
  }

  TEST_CASE("the number of kept tokens is bounded, and those that end first go first") {
    CacheFixture f([&f](const TokenRequestContext& context, Deadline) {
      const auto life = context.scopes.front() == "long" ? 24h : 1h;
      return fake_token("token", f.clock.system_now() + life);
    });
    REQUIRE(f.get("long"));
    for (int i = 0; i < 3000; ++i) REQUIRE(f.get("scope-" + std::to_string(i)));
    const auto before = f.fetches();
    REQUIRE(f.get("long"));
    CHECK(f.fetches() == before);
    REQUIRE(f.get("scope-2999"));
    CHECK(f.fetches() == before);
    std::size_t kept = 0;
    for (int i = 2999; i >= 0 && f.fetches() == before; --i, ++kept) (void)f.get("scope-" + std::to_string(i));
    CHECK(kept <= 1025);
  }

  TEST_CASE("I-57: 100 callers of a cold cache cause one request and share its token") {
    constexpr int kCallers = 100;
    std::latch all_started(kCallers);
    CacheFixture f([&](const TokenRequestContext&, Deadline) {
      all_started.wait();
      return fake_token("token", SystemTime(std::chrono::seconds(1767400000)));
    });
    std::atomic<int> tokens = 0;
    {
      std::vector<std::jthread> callers;
      for (int i = 0; i < kCallers; ++i) {
        callers.emplace_back([&] {
          all_started.count_down();
          if (f.outcome(f.get()) == "token") ++tokens;
        });
      }
    }
    CHECK(tokens == kCallers);
    CHECK(f.fetches() == 1);
  }

  TEST_CASE("I-57: 100 callers of a cold cache share one failure") {
    constexpr int kCallers = 100;
    std::latch all_started(kCallers);
    CacheFixture f([&](const TokenRequestContext&, Deadline) -> TokenResult {
      all_started.wait();
      return with_status(503);
    });
    std::atomic<int> failures = 0;
    {
      std::vector<std::jthread> callers;
      for (int i = 0; i < kCallers; ++i) {
        callers.emplace_back([&] {
          all_started.count_down();
          const auto result = f.get();
          if (!result && result.error().message == "FakeCredential: answered 503") ++failures;
        });
      }
    }
    CHECK(failures == kCallers);
    CHECK(f.fetches() == 1);
  }

  TEST_CASE("I-58: a scope that stalls delays no other") {
    std::latch stalled(1);
    std::latch release(1);
    CacheFixture f([&](const TokenRequestContext& context, Deadline) {
      if (context.scopes.front() == "slow") {
        stalled.count_down();
        release.wait();
      }
      return fake_token(context.scopes.front(), SystemTime(std::chrono::seconds(1767400000)));
    });
    std::jthread slow([&] { CHECK(f.outcome(f.get("slow")) == "slow"); });
    stalled.wait();
    CHECK(f.outcome(f.get("quick")) == "quick");
    CHECK(f.outcome(f.get("quick")) == "quick");
    release.count_down();
  }

  TEST_CASE("I-59: while one caller refreshes, the others get the old token at once") {
    std::latch refreshing(1);
    std::latch release(1);
    std::atomic<int> fetches = 0;
    CacheFixture f([&](const TokenRequestContext&, Deadline) {
      if (++fetches == 1) return fake_token("old", SystemTime(std::chrono::seconds(1767323045)) + 1h);
      refreshing.count_down();
      release.wait();
      return fake_token("new", SystemTime(std::chrono::seconds(1767323045)) + 2h);
    });
    REQUIRE(f.get());
    f.clock.advance(3360s);
    std::jthread refresher([&] { CHECK(f.outcome(f.get()) == "new"); });
    refreshing.wait();
    for (int i = 0; i < 3; ++i) CHECK(f.outcome(f.get()) == "old");
    release.count_down();
    refresher.join();
    CHECK(f.outcome(f.get()) == "new");
    CHECK(fetches == 2);
  }

  TEST_CASE("a token that came with claims is not replaced by one that was asked for before") {
    std::latch fetching(1);
    std::latch release(1);
    CacheFixture f([&](const TokenRequestContext& context, Deadline) {
      if (context.claims.empty()) {
        fetching.count_down();
        release.wait();
      }
      return fake_token(context.claims.empty() ? "plain" : "claims", SystemTime(std::chrono::seconds(1767400000)));
    });
    std::jthread caller([&] { CHECK(f.outcome(f.get()) == "plain"); });
    fetching.wait();
    CHECK(f.outcome(f.get(test::kVaultScope, "", "{}")) == "claims");
    release.count_down();
    caller.join();
    CHECK(f.outcome(f.get()) == "claims");
  }

  TEST_CASE("a caller without time does not make those who wait for it fail") {
    std::latch fetching(1);
    std::latch waiting(1);
    std::atomic<int> fetches = 0;
    CacheFixture f([&](const TokenRequestContext&, Deadline) -> TokenResult {
      if (++fetches > 1) return fake_token("token", SystemTime(std::chrono::seconds(1767400000)));
      fetching.count_down();
      waiting.wait();
      return fake_refusal(ErrorKind::kTimeout, "deadline");
    });
    std::jthread hurried([&] { CHECK(f.outcome(f.get()) == "timeout"); });
    fetching.wait();
    std::jthread patient([&] {
      waiting.count_down();
      CHECK(f.outcome(f.get()) == "token");
    });
    hurried.join();
    patient.join();
    CHECK(fetches == 2);
  }

  TEST_CASE("a caller who waits for another one's fetch keeps its own deadline") {
    const SystemClock clock;
    test::MemoryLogSink sink;
    const Logger log(sink, clock, LogLevel::kDebug, LogFormat::kJson);
    const Environment environment;
    test::FakeTransport http(std::vector<test::FakeTransport::Reply>{});
    test::FakeProcessRunner processes;
    ThreadExecutor executor(log);
    std::latch fetching(1);
    std::latch release(1);
    CachingCredential cache(std::make_unique<FakeCredential>("FakeCredential",
                                                             [&](const TokenRequestContext&, Deadline) {
                                                               fetching.count_down();
                                                               release.wait();
                                                               return fake_token("token", clock.system_now() + 1h);
                                                             }),
                            {environment, http, clock, log, processes, executor});
    const TokenRequestContext context{{test::kVaultScope}, "", ""};
    std::jthread fetcher([&] { CHECK(cache.get_token(context, Deadline::never())); });
    fetching.wait();
    const auto result = cache.get_token(context, Deadline::after(clock, 1ms));
    release.count_down();
    REQUIRE(!result);
    CHECK(result.error().kind == ErrorKind::kTimeout);
    CHECK(result.error().attempts.size() == 1);
  }

  TEST_CASE("a credential that throws does not block the callers after it") {
    bool broken = true;
    CacheFixture f([&](const TokenRequestContext&, Deadline) {
      if (broken) throw std::logic_error("bug");
      return fake_token("token", SystemTime(std::chrono::seconds(1767400000)));
    });
    CHECK_THROWS_AS((void)f.get(), std::logic_error);
    broken = false;
    f.clock.advance(1s);
    CHECK(f.outcome(f.get()) == "token");
  }
}

}  // namespace azf::identity
