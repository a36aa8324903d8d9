#include "http/circuit_breaker.h"

#include "support/fake_clock.h"
#include "support/fake_transport.h"
#include "support/memory_log.h"

#include <doctest/doctest.h>

#include <functional>
#include <future>
#include <new>
#include <optional>
#include <utility>
#include <vector>

using azf::BreakerPolicy;
using azf::BreakerSnapshot;
using azf::BreakerState;
using azf::CircuitBreakerTransport;
using azf::Error;
using azf::ErrorKind;
using azf::HttpRequest;
using azf::HttpResponse;
using azf::Repetition;
using azf::Result;
using azf::SendOptions;
using azf::test::FakeClock;
using azf::test::FakeTransport;
using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

const Error kBrokenOff{ErrorKind::kTransport, "broken off"};

// A breaker that opens after three failures for ten seconds, before a service that a test speaks for.
struct Circuit {
  explicit Circuit(BreakerPolicy policy = {.failures = 3, .open_for = seconds(10)})
      : breaker(inner, clock, log, "vault", std::move(policy)) {}

  Result<HttpResponse> send(const SendOptions& options = {}) { return breaker.send({.url = "https://v/"}, options); }
  Result<HttpResponse> send(Result<HttpResponse> reply, milliseconds duration = {}) {
    next_reply = std::move(reply);
    next_duration = duration;
    return send();
  }
  void fail(int times) {
    for (int i = 0; i < times; ++i) CHECK_FALSE(send(kBrokenOff));
  }
  [[nodiscard]] BreakerState state() const { return breaker.snapshot().state; }
  [[nodiscard]] std::size_t sent() const { return inner.requests().size(); }

  FakeClock clock;
  azf::test::MemoryLogSink lines;
  azf::Logger log{lines, clock, azf::LogLevel::kDebug, azf::LogFormat::kJson};
  Result<HttpResponse> next_reply = HttpResponse{};
  milliseconds next_duration{};
  std::function<void()> meanwhile;
  FakeTransport inner{[this](const HttpRequest&) {
    if (meanwhile) std::exchange(meanwhile, nullptr)();
    clock.advance(next_duration);
    return next_reply;
  }};
  CircuitBreakerTransport breaker;
};

HttpResponse reply(int status) { return {.status = status}; }

// Takes every body, or breaks off.
struct Taker final : azf::ReplyReceiver {
  bool begin(const HttpResponse& head) override {
    if (on_head) on_head();
    return head.status == 200;
  }
  Result<azf::Success> receive(std::string_view) override {
    if (refusal) return *refusal;
    return azf::Success{};
  }

  std::function<void()> on_head;
  std::optional<Error> refusal;
};

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("the breaker opens after so many failures in a row, and then sends nothing") {
    Circuit c;
    c.fail(2);
    CHECK(c.state() == BreakerState::kClosed);
    c.fail(1);
    CHECK(c.breaker.snapshot() == BreakerSnapshot{BreakerState::kOpen, 3, "transport", seconds(10)});
    c.clock.advance(milliseconds(2'500));
    const auto refused = c.send();
    REQUIRE_FALSE(refused);
    CHECK(refused.error() == Error{ErrorKind::kTransport,
                                   "the service vault is taken for down, as 3 calls in a row failed, the last by "
                                   "transport; not sent, the next trial is in 8 s",
                                   Repetition::kInVain});
    CHECK(c.sent() == 3);
    CHECK(c.lines.text().find("a service is taken for down") != std::string::npos);
  }

  TEST_CASE("a reply in between begins the count anew") {
    Circuit c;
    c.fail(2);
    CHECK(c.send(reply(200)));
    c.fail(2);
    CHECK(c.state() == BreakerState::kClosed);
  }

  TEST_CASE("what is a failure of the service, and what is none") {
    struct Row {
      const char* name;
      Result<HttpResponse> outcome;
      bool failure;
      milliseconds duration = seconds(30);
    };
    const auto error = [](ErrorKind kind, Repetition repetition = Repetition::kIfHarmless) {
      return Error{kind, "", repetition};
    };
    for (const auto& row : std::vector<Row>{
             {"broken off", error(ErrorKind::kTransport), true},
             {"broken off at once", error(ErrorKind::kTransport), true, milliseconds(0)},
             {"timed out", error(ErrorKind::kTimeout), true},
             {"no connection in time", error(ErrorKind::kTimeout, Repetition::kSafe), true},
             {"the caller had no time", error(ErrorKind::kTimeout), false, milliseconds(999)},
             {"not sent, as the program ends", error(ErrorKind::kTransport, Repetition::kInVain), false},
             {"cancelled", error(ErrorKind::kCancelled), false},
             {"malformed", error(ErrorKind::kUnexpectedResponse), false},
             {"wrong request", error(ErrorKind::kInvalidArgument), false},
             {"500", reply(500), true},
             {"502", reply(502), true},
             {"503", reply(503), true},
             {"504", reply(504), true},
             {"501", reply(501), false},
             {"429", reply(429), false},
             {"404", reply(404), false},
             {"401", reply(401), false},
             {"302", reply(302), false},
             {"200", reply(200), false},
         }) {
      CAPTURE(row.name);
      Circuit c({.failures = 1});
      (void)c.send(row.outcome, row.duration);
      CHECK((c.state() == BreakerState::kOpen) == row.failure);
    }
  }

  TEST_CASE("where replies are slow by the caller's doing, only a connection that does not come about is a failure") {
    Circuit c({.failures = 1, .slow_replies_count = false});
    CHECK_FALSE(c.send(Error{ErrorKind::kTimeout, "no reply"}, seconds(30)));
    CHECK(c.state() == BreakerState::kClosed);
    CHECK_FALSE(c.send(Error{ErrorKind::kTimeout, "no connection", Repetition::kSafe}, seconds(10)));
    CHECK(c.state() == BreakerState::kOpen);
  }

  TEST_CASE("without a number of failures it never opens") {
    Circuit c({.failures = 0});
    c.fail(100);
    CHECK(c.state() == BreakerState::kClosed);
  }

  TEST_CASE("after its time one request may try, and a reply closes the breaker") {
    Circuit c;
    c.fail(3);
    c.clock.advance(seconds(10));
    CHECK(c.state() == BreakerState::kHalfOpen);
    c.meanwhile = [&] {
      const auto other = c.send();
      REQUIRE_FALSE(other);
      CHECK(other.error().kind == ErrorKind::kTransport);
      CHECK(other.error().message.ends_with("not sent, a trial is under way"));
    };
    CHECK(c.send(reply(404)));
    CHECK(c.sent() == 4);
    CHECK(c.breaker.snapshot() == BreakerSnapshot{BreakerState::kClosed, 0, "transport", {}});
    CHECK(c.lines.text().find("a service is back") != std::string::npos);
  }

  TEST_CASE("a trial that fails keeps it open for as long again") {
    Circuit c;
    c.fail(3);
    c.clock.advance(seconds(10));
    CHECK(c.send(reply(503)).value().status == 503);
    CHECK(c.breaker.snapshot() == BreakerSnapshot{BreakerState::kOpen, 4, "status 503", seconds(10)});
  }

  TEST_CASE("a trial without an outcome leaves the next request to try") {
    Circuit c;
    c.fail(3);
    c.clock.advance(seconds(10));
    CHECK_FALSE(c.send(Error{ErrorKind::kCancelled, "gone"}));
    CHECK(c.state() == BreakerState::kHalfOpen);
    CHECK(c.send(reply(200)));
    CHECK(c.state() == BreakerState::kClosed);
  }

  TEST_CASE("a trial that ends by an exception leaves the next request to try") {
    Circuit c;
    c.fail(3);
    c.clock.advance(seconds(10));
    c.meanwhile = [] { throw std::bad_alloc(); };
    CHECK_THROWS_AS((void)c.send(), std::bad_alloc);
    CHECK(c.send(reply(200)));
  }

  TEST_CASE("a request that began before the breaker opened says nothing about later") {
    for (const bool works : {true, false}) {
      Circuit c;
      c.meanwhile = [&] {
        c.fail(3);
        c.clock.advance(seconds(7));
        c.next_reply = works ? Result<HttpResponse>(reply(200)) : kBrokenOff;
      };
      (void)c.send();
      CHECK(c.breaker.snapshot() == BreakerSnapshot{BreakerState::kOpen, 3, "transport", seconds(3)});
    }
  }

  TEST_CASE("the head of a reply that is taken piece by piece closes the breaker, before its end") {
    Circuit c;
    c.fail(3);
    c.clock.advance(seconds(10));
    c.next_reply = HttpResponse{.status = 200, .body = "piece"};
    Taker taker;
    std::optional<BreakerState> at_head;
    taker.on_head = [&] { at_head = c.state(); };
    CHECK(c.send(SendOptions{.receiver = &taker}));
    CHECK(at_head == BreakerState::kClosed);
  }

  TEST_CASE("a receiver that breaks off is no failure of the service") {
    Circuit c({.failures = 1});
    c.next_reply = HttpResponse{.status = 200, .body = "piece"};
    Taker taker;
    taker.refusal = Error{ErrorKind::kTransport, "our caller has gone"};
    const auto outcome = c.send(SendOptions{.receiver = &taker});
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error() == *taker.refusal);
    CHECK(c.state() == BreakerState::kClosed);
  }

  TEST_CASE("of many requests at once that find it half-open, one is sent") {
    Circuit c;
    c.fail(3);
    c.clock.advance(seconds(10));
    c.next_reply = reply(200);
    std::promise<void> trial_sent;
    std::promise<void> others_done;
    c.meanwhile = [&] {
      trial_sent.set_value();
      others_done.get_future().wait();
    };
    auto trial = std::async(std::launch::async, [&] { return c.send(); });
    trial_sent.get_future().wait();
    std::vector<std::future<bool>> others;
    for (int i = 0; i < 8; ++i) others.push_back(std::async(std::launch::async, [&] { return c.send().has_value(); }));
    for (auto& other : others) CHECK_FALSE(other.get());
    others_done.set_value();
    CHECK(trial.get());
    CHECK(c.sent() == 4);
    CHECK(c.send());
  }

  TEST_CASE("states have names") {
    CHECK(to_string(BreakerState::kClosed) == "closed");
    CHECK(to_string(BreakerState::kOpen) == "open");
    CHECK(to_string(BreakerState::kHalfOpen) == "half-open");
  }
}
