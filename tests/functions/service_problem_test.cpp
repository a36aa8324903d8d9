#include "functions/service_problem.h"

#include "http/exchange.h"
#include "support/fake_clock.h"
#include "support/memory_log.h"
#include "support/test_app.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace {

using azf::Deadline;
using azf::HttpResponse;
using azf::Json;
using azf::azure::ServiceError;
using azf::azure::ServiceErrorKind;
using azf::functions::respond_with;
using azf::functions::to_problem;
using azf::test::json_body;

// Answers errors as a function does.
struct Fixture {
  azf::test::FakeClock clock;
  azf::test::MemoryLogSink sink;
  const azf::Logger log{sink, clock, azf::LogLevel::kDebug, azf::LogFormat::kJson};

  HttpResponse respond(const ServiceError& error) const {
    const azf::HttpRequest request;
    azf::BufferedExchange exchange(request);
    const azf::Exchange streams = exchange.streams();
    return respond_with(error, {.function_name = "chat",
                                .invocation_id = "id",
                                .route_values = {},
                                .deadline = Deadline::never(),
                                .log = log,
                                .exchange = streams,
                                .functions = {}});
  }
};

TEST_SUITE("functions/service_problem") {
  TEST_CASE("each kind of error has a status that the caller can act on") {
    const std::pair<ServiceError, int> cases[] = {
        {{.kind = ServiceErrorKind::kNotConfigured}, 503},
        {{.kind = ServiceErrorKind::kInvalidRequest, .status = 422}, 400},
        {{.kind = ServiceErrorKind::kContentFiltered, .status = 400}, 400},
        {{.kind = ServiceErrorKind::kInputTooLong, .status = 400}, 400},
        {{.kind = ServiceErrorKind::kNoToken}, 503},
        {{.kind = ServiceErrorKind::kUnauthorized, .status = 401}, 502},
        {{.kind = ServiceErrorKind::kForbidden, .status = 403}, 502},
        {{.kind = ServiceErrorKind::kNotFound, .status = 404}, 404},
        {{.kind = ServiceErrorKind::kConflict, .status = 412}, 409},
        {{.kind = ServiceErrorKind::kTooLarge, .status = 413}, 413},
        {{.kind = ServiceErrorKind::kRateLimited, .status = 429}, 429},
        {{.kind = ServiceErrorKind::kQuotaExhausted, .status = 429}, 503},
        {{.kind = ServiceErrorKind::kUnavailable, .status = 500}, 502},
        {{.kind = ServiceErrorKind::kUnavailable, .status = 503}, 503},
        {{.kind = ServiceErrorKind::kTimeout}, 504},
        {{.kind = ServiceErrorKind::kUnreachable}, 502},
        {{.kind = ServiceErrorKind::kUnexpectedReply, .status = 200}, 502},
        {{.kind = ServiceErrorKind::kBrokenOff, .status = 200}, 502},
        {{.kind = ServiceErrorKind::kCancelled}, 499},
    };
    for (const auto& [error, status] : cases) {
      CAPTURE(to_string(error.kind));
      CHECK(to_problem(error).status == status);
    }
  }

  TEST_CASE("the caller sees code, request id and next step, and Retry-After in whole seconds") {
    const Fixture fixture;
    const auto response = fixture.respond({.kind = ServiceErrorKind::kRateLimited,
                                           .status = 429,
                                           .code = "RateLimitReached",
                                           .message = "openai answered 429: wait",
                                           .retry_after = std::chrono::milliseconds(1200),
                                           .request_id = "r-1"});
    CHECK(response.headers.get("Retry-After") == "2");
    CHECK(json_body(response) == Json{{"status", 429},
                                      {"title", "Too Many Requests"},
                                      {"detail", "openai answered 429: wait"},
                                      {"code", "RateLimitReached"},
                                      {"serviceRequestId", "r-1"},
                                      {"invocationId", "id"}});
  }

  TEST_CASE("what a transport says is for the log only") {
    for (const auto kind :
         {ServiceErrorKind::kNoToken, ServiceErrorKind::kUnreachable, ServiceErrorKind::kTimeout,
          ServiceErrorKind::kUnexpectedReply, ServiceErrorKind::kUnavailable, ServiceErrorKind::kCancelled}) {
      const Fixture fixture;
      const auto response =
          fixture.respond({.kind = kind, .code = std::string(to_string(kind)), .message = "10.1.2.3 refused"});
      CHECK_FALSE(response.headers.has("Retry-After"));
      CHECK(json_body(response).at("code") == to_string(kind));
      CHECK(json_body(response).contains("detail"));
      CHECK(response.body.find("10.1.2.3") == std::string::npos);
      CHECK(fixture.sink.text().find("10.1.2.3") != std::string::npos);
    }
  }
}

}  // namespace
