#include "functions/event_stream.h"

#include "http/exchange.h"
#include "support/fake_clock.h"

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>

namespace {

using azf::Error;
using azf::ErrorKind;
using azf::HttpResponse;
using azf::Json;
using azf::Result;
using azf::Success;
using azf::functions::EventStream;

// Keeps what was sent, until its peer goes.
class RecordedResponse final : public azf::ResponseWriter {
 public:
  Result<Success> begin(const HttpResponse& head, std::optional<std::uint64_t>) override {
    if (gone) return Error{ErrorKind::kCancelled, "gone"};
    sent = head;
    return Success{};
  }
  Result<Success> write(std::string_view bytes) override {
    if (gone) return Error{ErrorKind::kCancelled, "gone"};
    sent.body.append(bytes);
    return Success{};
  }
  void break_off() override {}
  [[nodiscard]] int status() const override { return sent.headers.empty() ? 0 : sent.status; }
  [[nodiscard]] bool abandoned() const override { return gone; }

  HttpResponse sent;
  bool gone = false;
};

TEST_SUITE("functions/event_stream") {
  TEST_CASE("the response begins with the first event, and each event is one line of JSON") {
    RecordedResponse response;
    const azf::test::FakeClock clock;
    EventStream stream(response, clock, EventStream::Origin::kService);
    CHECK_FALSE(stream.begun());
    REQUIRE(stream.send("text", {{"delta", "a\nb\r\"\xc3\xa4\xff"}}));
    CHECK(stream.begun());
    REQUIRE(stream.send("done", Json::object()));
    CHECK(response.sent == HttpResponse{.headers = {{"Content-Type", "text/event-stream; charset=utf-8"},
                                                    {"Cache-Control", "no-store"},
                                                    {"X-Accel-Buffering", "no"}},
                                        .body =
                                            "event: text\ndata: {\"delta\":\"a\\nb\\r\\\"\xc3\xa4\xef\xbf\xbd\"}\n\n"
                                            "event: done\ndata: {}\n\n"});
  }

  TEST_CASE("a stand-in's stream says so in its head and its last event") {
    RecordedResponse response;
    const azf::test::FakeClock clock;
    REQUIRE(EventStream(response, clock, EventStream::Origin::kStandIn).finish({{"a", 1}}));
    CHECK(response.sent.headers.get("X-AZF-Demo") == "stand-in");
    CHECK(response.sent.body == "event: done\ndata: {\"a\":1,\"demo\":true}\n\n");
  }

  TEST_CASE("a failure is told by the document of its problem") {
    RecordedResponse response;
    const azf::test::FakeClock clock;
    EventStream stream(response, clock, EventStream::Origin::kService);
    const auto returned = stream.fail({.status = 502, .detail = "why"}, "id");
    REQUIRE(returned);
    CHECK(*returned == HttpResponse{});
    CHECK(response.sent.body ==
          "event: error\ndata: "
          R"({"detail":"why","invocationId":"id","status":502,"title":"Bad Gateway"})"
          "\n\n");
  }

  TEST_CASE("a comment keeps the connection alive when nothing is sent for long") {
    RecordedResponse response;
    azf::test::FakeClock clock;
    EventStream stream(response, clock, EventStream::Origin::kService);
    clock.advance(std::chrono::hours(1));
    CHECK_FALSE(stream.abandoned());
    CHECK(response.sent.body.empty());
    REQUIRE(stream.send("a", Json::object()));
    const auto sent = response.sent.body;
    clock.advance(std::chrono::seconds(14));
    CHECK_FALSE(stream.abandoned());
    CHECK(response.sent.body == sent);
    clock.advance(std::chrono::seconds(1));
    CHECK_FALSE(stream.abandoned());
    CHECK_FALSE(stream.abandoned());
    CHECK(response.sent.body == sent + ": still at work\n\n");
  }

  TEST_CASE("a caller that has gone is noticed") {
    RecordedResponse response;
    azf::test::FakeClock clock;
    EventStream stream(response, clock, EventStream::Origin::kService);
    REQUIRE(stream.send("a", Json::object()));
    response.gone = true;
    CHECK(stream.abandoned());
    CHECK(stream.send("b", Json::object()).error().kind == ErrorKind::kCancelled);
    CHECK(stream.finish(Json::object()).error().kind == ErrorKind::kCancelled);
  }
}

}  // namespace
