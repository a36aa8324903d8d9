#include "http/bulkhead.h"

#include "support/fake_clock.h"
#include "support/fake_transport.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <new>
#include <semaphore>
#include <thread>
#include <vector>

using azf::BulkheadSnapshot;
using azf::BulkheadTransport;
using azf::Deadline;
using azf::Error;
using azf::ErrorKind;
using azf::HttpRequest;
using azf::HttpResponse;
using azf::Repetition;
using azf::Result;
using azf::SendOptions;
using azf::test::FakeClock;
using azf::test::FakeTransport;
using std::chrono::seconds;

namespace {

// A bulkhead before a service that answers when it is told to, one request for each permit.
struct Crowd {
  explicit Crowd(azf::BulkheadPolicy policy) : bulkhead(inner, clock, "blob", policy) {}

  auto send(std::string url = "https://b/", SendOptions options = {}) {
    return std::async(std::launch::async, [this, url = std::move(url), options = std::move(options)] {
      return bulkhead.send({.url = url}, options);
    });
  }
  void wait_for(const BulkheadSnapshot& expected) const {
    while (!(bulkhead.snapshot() == expected)) std::this_thread::yield();
  }

  FakeClock clock;
  std::counting_semaphore<> permits{0};
  FakeTransport inner{[this](const HttpRequest&) -> Result<HttpResponse> {
    permits.acquire();
    return HttpResponse{};
  }};
  BulkheadTransport bulkhead;
};

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("so many requests are sent at once and no more; the others follow in the order of their coming") {
    Crowd crowd({.max_concurrent = 2, .max_waiting = 10});
    std::vector<std::future<Result<HttpResponse>>> calls;
    for (std::size_t i = 0; i < 5; ++i) {
      calls.push_back(crowd.send("https://b/" + std::to_string(i)));
      crowd.wait_for(i < 2 ? BulkheadSnapshot{i + 1, 0} : BulkheadSnapshot{2, i - 1});
    }
    while (crowd.inner.requests().size() < 2) std::this_thread::yield();
    for (std::size_t sent = 3; sent <= 5; ++sent) {
      crowd.permits.release();
      while (crowd.inner.requests().size() < sent) std::this_thread::yield();
      CHECK(crowd.inner.requests().back().url == "https://b/" + std::to_string(sent - 1));
    }
    crowd.permits.release(2);
    for (auto& call : calls) CHECK(call.get());
    CHECK(crowd.bulkhead.snapshot() == BulkheadSnapshot{0, 0});
  }

  TEST_CASE("where too many wait, a further one fails at once") {
    Crowd crowd({.max_concurrent = 1, .max_waiting = 1});
    auto first = crowd.send();
    crowd.wait_for({1, 0});
    auto second = crowd.send();
    crowd.wait_for({1, 1});
    const auto third = crowd.bulkhead.send({.url = "https://b/"}, {});
    REQUIRE_FALSE(third);
    CHECK(third.error() ==
          Error{ErrorKind::kTransport,
                "as many calls to the service blob as there may be (1) are under way, and others wait (1); not sent",
                Repetition::kInVain});
    crowd.permits.release(2);
    CHECK(first.get());
    CHECK(second.get());
  }

  TEST_CASE("one that waits gives up at its deadline, and the next one takes its turn") {
    Crowd crowd({.max_concurrent = 1, .max_waiting = 2});
    auto first = crowd.send();
    crowd.wait_for({1, 0});
    auto hasty = crowd.send("https://b/hasty", {.deadline = Deadline::after(crowd.clock, seconds(5))});
    crowd.wait_for({1, 1});
    auto patient = crowd.send("https://b/patient");
    crowd.wait_for({1, 2});
    crowd.clock.advance(seconds(5));
    const auto given_up = hasty.get();
    REQUIRE_FALSE(given_up);
    CHECK(given_up.error() ==
          Error{ErrorKind::kTimeout,
                "as many calls to the service blob as there may be (1) are under way; not sent within the time allowed",
                Repetition::kInVain});
    crowd.permits.release(2);
    CHECK(first.get());
    CHECK(patient.get());
    CHECK(crowd.inner.requests().size() == 2);
  }

  TEST_CASE("one that waits ends when its caller has gone") {
    Crowd crowd({.max_concurrent = 1, .max_waiting = 1});
    auto first = crowd.send();
    crowd.wait_for({1, 0});
    std::atomic<bool> gone = false;
    auto second = crowd.send("https://b/", {.cancelled = [&] { return gone.load(); }});
    crowd.wait_for({1, 1});
    gone = true;
    const auto outcome = second.get();
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::kCancelled);
    crowd.permits.release();
    CHECK(first.get());
  }

  TEST_CASE("a failure and an exception make room, too") {
    FakeClock clock;
    FakeTransport inner([](const HttpRequest& request) -> Result<HttpResponse> {
      if (request.url.ends_with("throw")) throw std::bad_alloc();
      return Error{ErrorKind::kTransport, "broken off"};
    });
    BulkheadTransport bulkhead(inner, clock, "blob", {.max_concurrent = 1, .max_waiting = 0});
    CHECK_FALSE(bulkhead.send({.url = "https://b/"}, {}));
    CHECK_THROWS_AS((void)bulkhead.send({.url = "https://b/throw"}, {}), std::bad_alloc);
    CHECK(bulkhead.send({.url = "https://b/"}, {}).error().message == "broken off");
  }

  TEST_CASE("under a crowd none is lost, and never are there too many") {
    FakeClock clock;
    std::atomic<int> inside = 0;
    std::atomic<int> most = 0;
    FakeTransport inner([&](const HttpRequest&) -> Result<HttpResponse> {
      const int now = ++inside;
      for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
      }
      std::this_thread::yield();
      --inside;
      return HttpResponse{};
    });
    BulkheadTransport bulkhead(inner, clock, "blob", {.max_concurrent = 3, .max_waiting = 100});
    std::atomic<int> answered = 0;
    std::vector<std::thread> threads;
    for (int id = 0; id < 12; ++id) {
      threads.emplace_back([&] {
        for (int i = 0; i < 50; ++i) answered += bulkhead.send({.url = "https://b/"}, {}).has_value() ? 1 : 0;
      });
    }
    for (auto& thread : threads) thread.join();
    CHECK(answered == 12 * 50);
    CHECK(most <= 3);
    CHECK(bulkhead.snapshot() == BulkheadSnapshot{0, 0});
  }
}
