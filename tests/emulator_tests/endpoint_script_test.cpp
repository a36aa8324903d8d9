#include "emulator/identity/endpoint_script.h"

#include "support/fake_clock.h"

#include <doctest/doctest.h>

#include <chrono>
#include <string>

namespace azf::emulator {
namespace {

struct Fixture {
  test::FakeClock clock;
  StopSignal stop;
  EndpointScript script{stop, clock};

  std::optional<Reply> ask(const Request& request = {}) {
    return script.answer("imds", request, [](const Request&) { return text_reply(200, "usual"); });
  }
  int order(const std::string& body) { return script.control({"POST", "/emulator/replies/imds", {}, body})->status; }
  Json journal() { return (*parse_json(script.control({"GET", "/emulator/journal", {}, ""})->body))["requests"]; }
};

}  // namespace

TEST_SUITE_BEGIN("emulator");

TEST_CASE_FIXTURE(Fixture, "plays scripted replies in order and then the usual one") {
  CHECK(
      order(
          R"([{"times":2,"status":500},{"status":429,"headers":{"Retry-After":1},"body":{"error":"slow"}},{"drop":true}])") ==
      204);
  CHECK(ask()->status == 500);
  CHECK(ask()->status == 500);
  const auto slow = ask();
  CHECK(slow->status == 429);
  CHECK(*find_header(slow->headers, "retry-after") == "1");
  CHECK(slow->body == R"({"error":"slow"})");
  CHECK_FALSE(ask());
  CHECK(ask()->body == "usual");
}

TEST_CASE_FIXTURE(Fixture, "plays a reply for ever until it is taken back") {
  CHECK(order(R"({"times":-1,"status":503})") == 204);
  for (int i = 0; i < 5; ++i) CHECK(ask()->status == 503);
  CHECK(script.control({"DELETE", "/emulator/replies/imds", {}, ""})->status == 204);
  CHECK(ask()->status == 200);
}

TEST_CASE_FIXTURE(Fixture, "ends a scripted delay when the emulator stops") {
  CHECK(order(R"({"delay_ms":3600000})") == 204);
  stop.request_stop();
  CHECK(ask()->body == "usual");
}

TEST_CASE_FIXTURE(Fixture, "keeps a reply for the requests that it is for") {
  CHECK(order(R"([{"status":500,"path":"/token"},{"status":404}])") == 204);
  CHECK(ask({"GET", "/metadata", {}, ""})->status == 404);
  CHECK(ask({"GET", "/metadata", {}, ""})->status == 200);
  CHECK(ask({"GET", "/oauth2/token?x=/other", {}, ""})->status == 500);
  CHECK(ask({"GET", "/oauth2/token", {}, ""})->status == 200);
}

TEST_CASE_FIXTURE(Fixture, "makes hidden values comparable") {
  const auto form = [](const std::string& secret) {
    return Request{"POST",
                   "/token",
                   {{"Content-Type", "application/x-www-form-urlencoded"}, {"Authorization", "Bearer " + secret}},
                   "client_secret=" + secret};
  };
  // {"alg":"none"}.{"iss":"me"}
  const std::string token = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJtZSJ9.c2ln";
  for (const std::string secret : {"one", "one", "two", token.c_str()}) (void)ask(form(secret));
  const Json entries = journal();
  CHECK(entries[0]["secrets"] == entries[1]["secrets"]);
  CHECK(entries[0]["secrets"]["client_secret"] != entries[2]["secrets"]["client_secret"]);
  CHECK(entries[0]["secrets"]["authorization"] ==
        "Bearer " + entries[0]["secrets"]["client_secret"].get<std::string>());
  CHECK(entries[0]["assertions"].empty());
  CHECK(entries[3]["assertions"]["client_secret"] == Json{{"header", {{"alg", "none"}}}, {"claims", {{"iss", "me"}}}});
  StopSignal other_stop;
  EndpointScript other(other_stop, clock);
  other.answer("imds", form("one"), [](const Request&) { return text_reply(200, ""); });
  const Json elsewhere = *parse_json(other.control({"GET", "/emulator/journal", {}, ""})->body);
  CHECK(elsewhere["requests"][0]["secrets"] != entries[0]["secrets"]);
}

TEST_CASE_FIXTURE(Fixture, "lets an endpoint word failures that have no body of their own") {
  const auto ask_worded = [&] {
    return script
        .play(
            "imds", {}, [](const Request&) { return text_reply(200, "usual"); },
            [](int status) {
              return Reply{status, "", {{"Retry-After", "1"}, {"X-Own", "yes"}}, "own words"};
            })
        .reply;
  };
  CHECK(order(R"([{"status":429,"headers":{"Retry-After":9}},{"status":500,"body":""},{"status":204}])") == 204);
  const auto worded = ask_worded();
  CHECK(worded->status == 429);
  CHECK(worded->body == "own words");
  CHECK(*find_header(worded->headers, "Retry-After") == "9");
  CHECK(*find_header(worded->headers, "X-Own") == "yes");
  CHECK(ask_worded()->body.empty());
  CHECK(ask_worded()->body.empty());
  CHECK(ask_worded()->body == "usual");
}

TEST_CASE_FIXTURE(Fixture, "says when the server goes away, and for how long") {
  CHECK(order(R"([{"restart":true},{"restart":true,"away_ms":7,"cut_after":3}])") == 204);
  const auto play = [this] { return script.play("imds", {}, [](const Request&) { return text_reply(200, "usual"); }); };
  const auto silent = play();
  CHECK_FALSE(silent.reply);
  CHECK(silent.away == std::chrono::milliseconds(200));
  const auto cut = play();
  CHECK(cut.reply->body == "usual");
  CHECK(cut.reply->cut_after == 3);
  CHECK(cut.away == std::chrono::milliseconds(7));
  CHECK_FALSE(play().away);
  CHECK(order(R"({"restart":true,"away_ms":-1})") == 400);
}

TEST_CASE_FIXTURE(Fixture, "says how a reply is to go out") {
  CHECK(order(R"([{"pace_ms":50},{"cut_after":3},{"status":200,"body":"x","cut_after":0}])") == 204);
  const auto slow = ask();
  CHECK(slow->body == "usual");
  CHECK(slow->pace.count() == 50);
  CHECK(ask()->cut_after == 3);
  CHECK(ask()->cut_after == 0);
  CHECK_FALSE(ask()->cut_after);
}

TEST_CASE_FIXTURE(Fixture, "refuses orders that mean nothing") {
  for (const char* body :
       {"", "5", R"({"times":0})", R"({"path":1})", R"({"status":"x"})", R"({"status":99})", R"([{"delay_ms":-1}])",
        R"({"pace_ms":-1})", R"({"cut_after":-1})", R"({"cut_after":"x"})"}) {
    CAPTURE(body);
    CHECK(order(body) == 400);
  }
  CHECK_FALSE(script.control({"GET", "/emulator/other", {}, ""}));
}

TEST_CASE_FIXTURE(Fixture, "keeps a journal without secrets") {
  const Request request{"POST",
                        "/t/oauth2/v2.0/token?a=1&code=MARKER",
                        {{"Content-Type", "application/x-www-form-urlencoded"},
                         {"X-IDENTITY-HEADER", "MARKER"},
                         {"authorization", "MARKER"}},
                        "client_id=me&client_secret=MARKER&client_assertion=MARKER"};
  CHECK(ask(request)->status == 200);
  const Json entry = journal()[0];
  CHECK(entry["endpoint"] == "imds");
  CHECK(entry["method"] == "POST");
  CHECK(entry["path"] == "/t/oauth2/v2.0/token");
  CHECK(entry["query"] == Json{{"a", "1"}, {"code", "(hidden)"}});
  CHECK(entry["headers"]["X-IDENTITY-HEADER"] == "(hidden)");
  CHECK(entry["form"]["client_id"] == "me");
  CHECK(entry["status"] == 200);
  CHECK(to_text(entry).find("MARKER") == std::string::npos);
  script.control({"DELETE", "/emulator/journal", {}, ""});
  CHECK(journal().empty());
}

TEST_SUITE_END();

}  // namespace azf::emulator
