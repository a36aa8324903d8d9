#include "http/retrying_transport.h"

#include "core/time_text.h"
#include "support/fake_clock.h"
#include "support/fake_transport.h"

#include <doctest/doctest.h>

using azf::Deadline;
using azf::Error;
using azf::ErrorKind;
using azf::HttpRequest;
using azf::HttpResponse;
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
      CAPTURE(row.headers.begin()->second);
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
}
