#include "conformance/verdict.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using azf::test::Observation;
using azf::test::Ours;
using azf::test::Peers;
using azf::test::PeerVerdict;
using azf::test::Reply;
using azf::test::RequestCase;
using Ending = azf::test::Observation::Ending;
using Score = azf::test::PeerVerdict::Score;

namespace {

RequestCase case_of(Ours ours, Peers peers = azf::test::not_asked()) {
  return {.name = "x", .rule = "9112 1", .bytes = "", .ours = std::move(ours), .peers = std::move(peers)};
}

Reply next() { return {.status = 200, .head = {"HTTP/1.1 200 OK"}, .body = "GET /next\n"}; }

Reply ok(std::string body = "GET /x\nbody: ") {
  return {.status = 200, .head = {"HTTP/1.1 200 OK", "Connection: close"}, .body = std::move(body)};
}

Reply refusal(int status) {
  return {.status = status,
          .head = {"HTTP/1.1 400 Bad Request", "Content-Type: application/problem+json", "Connection: close"},
          .body = {}};
}

Observation ended(std::vector<Reply> replies) { return {.replies = std::move(replies), .ending = Ending::kEnded}; }
Observation open(std::vector<Reply> replies) { return {.replies = std::move(replies)}; }

Observation with_interim(Observation observation) {
  observation.replies.insert(observation.replies.begin(), {.status = 100});
  observation.interim_replies = 1;
  return observation;
}

}  // namespace

TEST_SUITE("conformance") {
  TEST_CASE("our server passes by exactly what it must do") {
    using azf::test::accept;
    using azf::test::accept_last;
    using azf::test::give_up;
    using azf::test::Interim;
    using azf::test::refuse;
    struct Row {
      std::string why;
      Ours ours;
      Observation observation;
      std::string fault;
    };
    const Row rows[] = {
        {"accepted", accept({"GET /x"}), ended({ok(), next()}), ""},
        {"the handler saw something else", accept({"GET /y"}), ended({ok(), next()}),
         "no line \"GET /y\" in what the handler was given"},
        {"the handler saw too much", accept({"!body: *"}), ended({ok(), next()}),
         "a line \"body: *\" in what the handler was given"},
        {"not kept", accept(), ended({ok()}), "the next request was not answered"},
        {"no reply", accept(), open({}), "no reply"},
        {"one too many", accept(), ended({ok(), ok(), next()}), "2 replies"},
        {"refused instead", accept(), ended({refusal(400)}), "the next request was not answered"},
        {"two, and kept", accept().after(1), ended({ok(), ok(), next()}), ""},
        {"two, the first refused", accept().after(1), ended({refusal(400), ok(), next()}), "reply 1 is not 200"},
        {"the last", accept_last(), ended({ok()}), ""},
        {"the last, but not ended", accept_last(), open({ok()}), "the connection did not end in order"},
        {"the last, but reset",
         accept_last(),
         {.replies = {ok()}, .ending = Ending::kReset},
         "the connection did not end in order"},
        {"refused", refuse(400), ended({refusal(400)}), ""},
        {"refused otherwise", refuse({400, 501}), ended({refusal(404)}), "another status"},
        {"refused without a problem", refuse(400), ended({{.status = 400, .head = {"", "Connection: close"}}}),
         "no line \"Content-Type: application/problem+json\" in the head of the reply"},
        {"smuggled", refuse(400), ended({refusal(400), ok()}), "2 replies"},
        {"accepted instead", refuse(400), ended({ok()}), "another status"},
        {"gave up without a reply", give_up(), ended({}), ""},
        {"gave up behind another one", give_up().after(1), ended({ok()}), ""},
        {"gave up with one", give_up(), ended({refusal(400)}), ""},
        {"did not give up", give_up(), ended({ok()}), "another status"},
        {"interim reply", accept().with_interim(Interim::kMust), with_interim(ended({ok(), next()})), ""},
        {"no interim reply", accept().with_interim(Interim::kMust), ended({ok(), next()}), "no interim reply"},
        {"interim reply to nobody", accept(), with_interim(ended({ok(), next()})), "an interim reply"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.why);
      CHECK(fault_of_ours(case_of(row.ours), row.observation).value_or("") == row.fault);
    }
  }

  TEST_CASE("a peer passes by whatever the rule permits") {
    using azf::test::accept;
    using azf::test::may_accept;
    using azf::test::may_accept_or;
    using azf::test::must_accept;
    using azf::test::must_refuse;
    using azf::test::refuse;
    using azf::test::should_accept;
    using azf::test::should_refuse;
    struct Row {
      std::string why;
      Ours ours;
      Peers peers;
      Observation observation;
      Score score;
    };
    const Row rows[] = {
        {"accepts and keeps", accept(), must_accept(), ended({ok(), ok()}), Score::kPassed},
        {"accepts and ends", accept(), must_accept(), ended({ok()}), Score::kPassed},
        {"ends, but was to keep", accept(), must_accept().and_keep(), ended({ok()}), Score::kFailed},
        {"accepts and sleeps", accept(), must_accept(), open({ok()}), Score::kFailed},
        {"refuses", accept(), must_accept(), ended({refusal(400)}), Score::kFailed},
        {"refuses the next request", accept(), must_accept(), ended({ok(), refusal(400)}), Score::kFailed},
        {"refuses against advice", accept(), should_accept(), ended({refusal(400)}), Score::kAgainstShould},
        {"refuses, as asked", refuse(400), must_refuse({400}), ended({refusal(400)}), Score::kPassed},
        {"refuses in its own way", refuse(400), must_refuse({400}), ended({refusal(404)}), Score::kFailed},
        {"says nothing, but was to refuse", refuse(400), must_refuse({400}), ended({}), Score::kFailed},
        {"says nothing", refuse(400), must_refuse(), open({}), Score::kPassed},
        {"accepts what it must not", refuse(400), must_refuse(), ended({ok()}), Score::kFailed},
        {"accepts against advice", refuse(400), should_refuse(), ended({ok(), ok()}), Score::kAgainstShould},
        {"accepts, and what is behind it", refuse(400), may_accept(), ended({ok(), ok()}), Score::kPassed},
        {"accepts the smuggled request", refuse(400), may_accept().and_end(), ended({ok(), ok()}), Score::kFailed},
        {"refuses, then accepts the smuggled one", refuse(400), must_refuse({400}).and_end(),
         ended({refusal(400), ok()}), Score::kFailed},
        {"refuses, but keeps", refuse(400), must_refuse({400}).and_end(), open({refusal(400)}), Score::kFailed},
        {"accepts one of two", refuse(400), may_accept(), ended({ok(), refusal(400)}), Score::kFailed},
        {"refuses a choice as asked", refuse(400), may_accept_or({400}), ended({refusal(400)}), Score::kPassed},
        {"refuses a choice otherwise", refuse(400), may_accept_or({400}), ended({refusal(500)}), Score::kFailed},
        {"says what it must", accept(), must_accept().saying({"Connection: close"}), ended({ok(), ok()}),
         Score::kPassed},
        {"says it not", accept(), must_accept().saying({"Date: *"}), ended({ok(), ok()}), Score::kFailed},
        {"garbage", accept(), may_accept(), ended({{.status = -1}}), Score::kFailed},
    };
    for (const Row& row : rows) {
      CAPTURE(row.why);
      CHECK(judge_peer(case_of(row.ours, row.peers), row.observation).score == row.score);
    }
  }
}
