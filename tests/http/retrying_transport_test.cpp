#include "http/retrying_transport.h"

#include "core/time_text.h"
#include "support/fake_clock.h"
#include "support/fake_transport.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>

using azf::Deadline;
using azf::Error;
using azf::ErrorKind;
using azf::HttpRequest;
using azf::HttpResponse;
using azf::Repetition;
using azf::Result;
using azf::RetryingTransport;
using azf::RetryPolicy;
using azf::SendOptions;
using azf::test::FakeClock;
using azf::test::FakeTransport;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

namespace {

constexpr double kEven = 0.4;  // 0.8 + 0.5 * 0.4: waits as long as the formula says

using Replies = std::vector<Result<HttpResponse>>;
using Waits = std::vector<nanoseconds>;

const HttpRequest kRequest{.method = azf::Method::kPost, .url = "https://h/token", .body = "x=1"};
const Error kNoReply{ErrorKind::kTransport, "broken off"};

RetryPolicy three_retries() {
  RetryPolicy policy;
  policy.max_retries = 3;
  policy.statuses = {408, 429, 500, 502, 503, 504};
  return policy;
}

HttpResponse reply(int status, azf::Headers headers = {}) { return {.status = status, .headers = std::move(headers)}; }

// One send over a list of replies, and what came of it.
struct Run {
  explicit Run(Replies replies) : inner(std::move(replies)) {}

  Result<HttpResponse> send(const SendOptions& options, double random = kEven) {
    RetryingTransport transport(inner, clock, [random] { return random; });
    return transport.send(kRequest, options);
  }
  Result<HttpResponse> send(RetryPolicy policy, double random = kEven) {
    SendOptions options;
    options.retry = std::move(policy);
    return send(options, random);
  }

  FakeClock clock;
  FakeTransport inner;
};

}  // namespace

TEST_SUITE("http") {
  TEST_CASE("without a policy a request is sent once, whatever comes back") {
    Run run({reply(503)});
    CHECK(run.send(SendOptions{}).value().status == 503);
    CHECK(run.inner.requests().size() == 1);
    CHECK(run.clock.sleeps().empty());
  }

  TEST_CASE("a listed status is repeated, with the same request and options") {
    Run run({reply(503), reply(200)});
    SendOptions options;
    options.retry = three_retries();
    options.deadline = Deadline::after(run.clock, seconds(20));
    options.try_timeout = milliseconds(77);
    CHECK(run.send(options).value().status == 200);
    CHECK(run.inner.requests() == std::vector<HttpRequest>{kRequest, kRequest});
    for (const auto& seen : run.inner.options()) {
      CHECK(seen.try_timeout == milliseconds(77));
      CHECK(seen.deadline.instant() == options.deadline.instant());
    }
  }

  TEST_CASE("a status that is not listed is final") {
    for (const int status : {200, 301, 400, 401, 403, 404, 501}) {
      CAPTURE(status);
      Run run({reply(status)});
      CHECK(run.send(three_retries()).value().status == status);
    }
  }

  TEST_CASE("waits grow as azcore of Go has it") {
    Run run({reply(500), reply(502), reply(504), reply(503)});
    CHECK(run.send(three_retries()).value().status == 503);
    CHECK(run.inner.requests().size() == 4);
    CHECK(run.clock.sleeps() == Waits{milliseconds(800), milliseconds(2400), milliseconds(5600)});
  }

  TEST_CASE("waits double where that is asked for") {
    Run run({reply(500), reply(500), reply(500), reply(200)});
    auto policy = three_retries();
    policy.growth = RetryPolicy::Growth::kDoubling;
    policy.base_delay = milliseconds(200);
    CHECK(run.send(policy).value().status == 200);
    CHECK(run.clock.sleeps() == Waits{milliseconds(200), milliseconds(400), milliseconds(800)});
  }

  TEST_CASE("jitter stretches a wait from four fifths to just under thirteen tenths") {
    struct Row {
      double random;
      milliseconds expected;
    };
    for (const auto& row : {Row{0.0, milliseconds(640)}, {0.5, milliseconds(840)}, {0.999999, milliseconds(1040)}}) {
      CAPTURE(row.random);
      Run run({reply(500), reply(200)});
      CHECK(run.send(three_retries(), row.random).value().status == 200);
      CHECK(run.clock.sleeps() == Waits{row.expected});
    }
  }

  TEST_CASE("the delay limit caps the growth, however many repetitions there are") {
    auto policy = three_retries();
    policy.max_retries = 5000;
    policy.delay_limit = seconds(1);
    policy.total_limit = hours(24);
    Replies replies(5001, reply(500));
    Run run(std::move(replies));
    CHECK(run.send(policy).value().status == 500);
    const auto sleeps = run.clock.sleeps();
    REQUIRE(sleeps.size() == 5000);
    CHECK(sleeps.front() == milliseconds(800));
    CHECK(sleeps[1] == seconds(1));
    CHECK(sleeps.back() == seconds(1));
  }

  TEST_CASE("a try without a reply is repeated, and the last error says how often") {
    Run run({kNoReply, Error{ErrorKind::kTimeout, "timed out"}, kNoReply, kNoReply});
    const auto outcome = run.send(three_retries());
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error() == Error{ErrorKind::kTransport, "gave up after 4 tries: broken off"});
  }

  TEST_CASE("a try without a reply is final where the policy says so") {
    Run run({kNoReply});
    auto policy = three_retries();
    policy.on_transport_errors = false;
    const auto outcome = run.send(policy);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error() == kNoReply);
  }

  TEST_CASE("errors that repetition cannot mend are final") {
    for (const auto kind : {ErrorKind::kInvalidArgument, ErrorKind::kUnexpectedResponse, ErrorKind::kInternal}) {
      CAPTURE(azf::to_string(kind));
      Run run({Error{kind, "no"}});
      const auto outcome = run.send(three_retries());
      REQUIRE_FALSE(outcome);
      CHECK(outcome.error() == Error{kind, "no"});
    }
  }

  TEST_CASE("I-16: the server's own wait takes the place of ours, in every form it may have") {
    struct Row {
      azf::Headers headers;
      milliseconds expected;
    };
    // The clock stands at 2026-01-02T03:04:05Z.
    for (const auto& row :
         std::vector<Row>{{{{"Retry-After", "1"}}, seconds(1)},
                          {{{"retry-after", "60"}}, seconds(60)},
                          {{{"Retry-After", "Fri, 02 Jan 2026 03:04:25 GMT"}}, seconds(20)},
                          {{{"retry-after-ms", "150"}}, milliseconds(150)},
                          {{{"x-ms-retry-after-ms", "250"}}, milliseconds(250)},
                          {{{"Retry-After", "9"}, {"x-ms-retry-after-ms", "250"}}, milliseconds(250)},
                          {{{"x-ms-retry-after-ms", "250"}, {"retry-after-ms", "150"}}, milliseconds(150)},
                          {{{"retry-after-ms", "soon"}, {"Retry-After", "3"}}, seconds(3)},
                          // of no use: the computed wait
                          {{{"Retry-After", "0"}}, milliseconds(800)},
                          {{{"Retry-After", "-5"}}, milliseconds(800)},
                          {{{"Retry-After", ""}}, milliseconds(800)},
                          {{{"Retry-After", "1.5"}}, milliseconds(800)},
                          {{{"Retry-After", "tomorrow"}}, milliseconds(800)},
                          {{{"Retry-After", "Thu, 01 Jan 2026 00:00:00 GMT"}}, milliseconds(800)}}) {
      CAPTURE((*row.headers.begin()).value);
      Run run({reply(429, row.headers), reply(200)});
      CHECK(run.send(three_retries()).value().status == 200);
      CHECK(run.clock.sleeps() == Waits{row.expected});
    }
  }

  TEST_CASE("a server's wait that is too long ends the loop at once") {
    for (const char* value : {"61", "86400", "9223372036854775807", "99999999999999999999999999",
                              "Fri, 02 Jan 2026 03:05:06 GMT", "Sat, 01 Jan 2050 00:00:00 GMT"}) {
      CAPTURE(value);
      Run run({reply(429, {{"Retry-After", value}})});
      CHECK(run.send(three_retries()).value().status == 429);
      CHECK(run.clock.sleeps().empty());
    }
  }

  TEST_CASE("no wait begins that would end after the deadline") {
    Run run({reply(503), reply(503)});
    SendOptions options;
    options.retry = three_retries();
    options.deadline = Deadline::after(run.clock, milliseconds(3000));  // after 800 ms, 2400 more do not fit
    CHECK(run.send(options).value().status == 503);
    CHECK(run.clock.sleeps() == Waits{milliseconds(800)});
  }

  TEST_CASE("a try that used the deadline up is the last") {
    FakeClock clock;
    FakeTransport inner([&](const HttpRequest&) -> Result<HttpResponse> {
      clock.advance(seconds(5));
      return Error{ErrorKind::kTimeout, "timed out"};
    });
    RetryingTransport transport(inner, clock, [] { return kEven; });
    SendOptions options;
    options.retry = three_retries();
    options.deadline = Deadline::after(clock, seconds(5));
    const auto outcome = transport.send(kRequest, options);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error() == Error{ErrorKind::kTimeout, "timed out"});
    CHECK(clock.sleeps().empty());
  }

  TEST_CASE("no repetition starts after the total limit, counted from the first try's beginning") {
    FakeClock clock;
    FakeTransport inner([&](const HttpRequest&) -> Result<HttpResponse> {
      clock.advance(seconds(29));
      return reply(500);
    });
    RetryingTransport transport(inner, clock, [] { return kEven; });
    SendOptions options;
    options.retry = three_retries();
    CHECK(transport.send(kRequest, options).value().status == 500);
    // 29 s + 0.8 s + 29 s + 2.4 s is beyond 60 s.
    CHECK(clock.sleeps() == Waits{milliseconds(800)});
  }

  TEST_CASE("a repetition may start exactly at the total limit, and limits may be for ever") {
    for (const auto limit : {milliseconds(800), milliseconds::max()}) {
      Run run({reply(500), reply(200)});
      auto policy = three_retries();
      policy.total_limit = limit;
      CHECK(run.send(policy).value().status == 200);
    }
  }

  TEST_CASE("random fractions are at least zero and less than one") {
    for (int i = 0; i < 1000; ++i) {
      const double value = azf::random_fraction();
      REQUIRE(value >= 0.0);
      REQUIRE(value < 1.0);
    }
  }

  TEST_CASE("I-17: four replies of 500 are four requests and an end, one of 400 is one request") {
    Run failing(Replies(4, reply(500)));
    CHECK(failing.send(three_retries()).value().status == 500);
    CHECK(failing.inner.requests().size() == 4);
    Run refusing({reply(400)});
    CHECK(refusing.send(three_retries()).value().status == 400);
    CHECK(refusing.inner.requests().size() == 1);
  }

  TEST_CASE("statuses with a rule of their own have their own number of repetitions, counted apart") {
    auto policy = three_retries();
    policy.total_limit = hours(1);
    policy.rules = {{.statuses = {404, 429}, .max_retries = 5}, {.statuses = {410}, .max_retries = 1}};
    struct Row {
      Replies replies;
      std::size_t requests;
    };
    const auto row = [](std::vector<int> statuses, std::size_t requests) {
      Replies replies;
      for (const int status : statuses) replies.push_back(reply(status));
      return Row{std::move(replies), requests};
    };
    for (auto& [replies, requests] : std::vector<Row>{
             row({404, 404, 404, 404, 404, 404, 200}, 6),
             row({429, 404, 429, 404, 429, 404, 200}, 6),
             row({410, 410, 200}, 2),
             row({500, 500, 500, 500, 200}, 4),
             row({500, 404, 410, 500, 404, 500, 404, 200}, 8),
             row({404, 500, 500, 410, 500, 500, 200}, 6),
         }) {
      CAPTURE(requests);
      Run run(std::move(replies));
      (void)run.send(policy);
      CHECK(run.inner.requests().size() == requests);
    }
    Run by_rule({reply(500), reply(404), reply(500), reply(404), reply(200)});
    CHECK(by_rule.send(policy).value().status == 200);
    CHECK(by_rule.clock.sleeps() ==
          Waits{milliseconds(800), milliseconds(800), milliseconds(2400), milliseconds(2400)});
  }

  TEST_CASE("a rule may go on until a repetition began late enough, whatever short waits the server asks for") {
    RetryPolicy policy;
    policy.total_limit = hours(1);
    policy.delay_limit = seconds(25);
    policy.rules = {{.statuses = {410}, .max_retries = 2, .persist_for = seconds(70)}};
    for (const azf::Headers& headers : {azf::Headers{}, azf::Headers{{"retry-after-ms", "1"}}}) {
      FakeClock clock;
      std::vector<azf::SteadyTime> starts;
      FakeTransport inner([&](const HttpRequest&) {
        starts.push_back(clock.steady_now());
        return reply(410, headers);
      });
      RetryingTransport transport(inner, clock, [] { return 0.0; });
      SendOptions options;
      options.retry = policy;
      CHECK(transport.send(kRequest, options).value().status == 410);
      REQUIRE(starts.size() >= 4);
      CHECK(starts.size() < 12);
      CHECK(starts.back() - starts.front() >= seconds(70));
      CHECK(starts[starts.size() - 2] - starts.front() < seconds(70));
    }
  }

  TEST_CASE("the deadline and the total limit hold for a rule that goes on") {
    for (const bool by_deadline : {true, false}) {
      FakeClock clock;
      FakeTransport inner([](const HttpRequest&) { return reply(410); });
      RetryingTransport transport(inner, clock, [] { return kEven; });
      SendOptions options;
      options.retry.rules = {{.statuses = {410}, .max_retries = 0, .persist_for = hours(1)}};
      options.retry.total_limit = by_deadline ? hours(2) : seconds(10);
      if (by_deadline) options.deadline = Deadline::after(clock, seconds(10));
      CHECK(transport.send(kRequest, options).value().status == 410);
      CHECK(clock.sleeps() == Waits{milliseconds(800), milliseconds(2400), milliseconds(5600)});
    }
  }

  TEST_CASE("a request is not repeated once a receiver has taken of its reply") {
    struct Receiver final : azf::ReplyReceiver {
      bool begin(const HttpResponse& head) override { return head.status == 200; }
      Result<azf::Success> receive(std::string_view) override { return kNoReply; }
    } receiver;
    Run run({reply(503), HttpResponse{.status = 200, .headers = {}, .body = "abc"}});
    SendOptions options;
    options.retry = three_retries();
    options.receiver = &receiver;
    CHECK(run.send(options).error() == kNoReply);
    CHECK(run.inner.requests().size() == 2);  // the 503 it left alone was repeated
  }

  TEST_CASE("S-6: retry-after-ms: 20 waits for that long, whatever Retry-After says; x-should-retry: false stops") {
    Run run({reply(429, {{"retry-after-ms", "20"}, {"Retry-After", "7"}}), reply(200)});
    CHECK(run.send(three_retries()).value().status == 200);
    CHECK(run.clock.sleeps() == Waits{milliseconds(20)});

    Run stopped({reply(429, {{"retry-after-ms", "20"}, {"x-should-retry", "false"}})});
    CHECK(stopped.send(three_retries()).value().status == 429);
    CHECK(stopped.clock.sleeps().empty());
  }

  TEST_CASE("x-should-retry: true makes a failure one of those to repeat, as often as the others") {
    const azf::Headers advice{{"x-should-retry", "true"}};
    struct Row {
      const char* name;
      RetryPolicy policy;
      Replies replies;
      std::size_t requests;
    };
    for (auto& [name, policy, replies, requests] : std::vector<Row>{
             {"a status that is not listed", three_retries(), {reply(409, advice), reply(200)}, 2},
             {"at most three times", three_retries(), Replies(4, reply(409, advice)), 4},
             {"not where nothing is repeated", RetryPolicy::none(), {reply(409, advice)}, 1},
             {"not a success", three_retries(), {reply(200, advice)}, 1},
             {"not in another spelling", three_retries(), {reply(409, {{"x-should-retry", "yes"}})}, 1},
         }) {
      CAPTURE(name);
      Run run(std::move(replies));
      (void)run.send(policy);
      CHECK(run.inner.requests().size() == requests);
    }
  }

  TEST_CASE("S-12: what may have had its effect is not sent again, only what surely had none") {
    struct Row {
      const char* name;
      Result<HttpResponse> first;
      bool repeated;
    };
    const azf::Headers later{{"Retry-After", "1"}};
    for (const auto& [name, first, repeated] : std::vector<Row>{
             {"timed out", Error{ErrorKind::kTimeout, "no reply"}, false},
             {"broken off", kNoReply, false},
             {"no connection", Error{ErrorKind::kTransport, "refused", Repetition::kSafe}, true},
             {"no connection in time", Error{ErrorKind::kTimeout, "handshake", Repetition::kSafe}, true},
             {"500", reply(500), false},
             {"503", reply(503), false},
             {"503 with a wait", reply(503, later), true},
             {"504 with a wait", reply(504, later), false},
             {"429", reply(429), true},
             {"409 with advice", reply(409, {{"x-should-retry", "true"}}), false},
             {"429 with advice", reply(429, {{"x-should-retry", "false"}}), false},
         }) {
      CAPTURE(name);
      Run run({first, reply(200)});
      (void)run.send(SendOptions{.retry = three_retries(), .repeatable = false});
      CHECK(run.inner.requests().size() == (repeated ? 2 : 1));
    }
  }

  TEST_CASE("what would fail again at once is not sent again") {
    Run run({Error{ErrorKind::kTransport, "down", Repetition::kInVain}});
    CHECK_FALSE(run.send(three_retries()));
    CHECK(run.clock.sleeps().empty());
  }

  TEST_CASE("nobody waits for a repetition whose caller has gone") {
    Run cancelled({Error{ErrorKind::kCancelled, "gone"}});
    CHECK(cancelled.send(three_retries()).error() == Error{ErrorKind::kCancelled, "gone"});

    Run run({reply(429, {{"retry-after-ms", "5500"}})});
    const auto began = run.clock.steady_now();
    SendOptions options{.retry = three_retries()};
    options.cancelled = [&] { return run.clock.steady_now() - began >= seconds(2); };
    const auto outcome = run.send(options);
    REQUIRE_FALSE(outcome);
    CHECK(outcome.error().kind == ErrorKind::kCancelled);
    CHECK(run.clock.sleeps() == Waits{seconds(1), seconds(1)});

    Run patient({reply(429, {{"retry-after-ms", "1500"}}), reply(200)});
    options.cancelled = [] { return false; };
    CHECK(patient.send(options).value().status == 200);
    CHECK(patient.clock.sleeps() == Waits{seconds(1), milliseconds(500)});
  }

  TEST_CASE("waits of the real clock end with the program") {
    azf::SystemClock clock;
    std::promise<void> asked;
    std::atomic<int> tries = 0;
    FakeTransport inner([&](const HttpRequest&) {
      if (++tries == 1) asked.set_value();
      return reply(503, {{"Retry-After", "30"}});
    });
    RetryingTransport transport(inner, clock, [] { return kEven; });
    SendOptions options;
    options.retry = three_retries();
    const auto began = clock.steady_now();
    auto under_way = std::async(std::launch::async, [&] { return transport.send(kRequest, options); });
    asked.get_future().wait();
    clock.end_sleeps();
    CHECK(under_way.get().value().status == 503);
    CHECK(clock.steady_now() - began < seconds(10));
  }
}
