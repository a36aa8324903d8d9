#include "identity/token_reply.h"

#include "core/time_text.h"

#include <doctest/doctest.h>

#include <chrono>

namespace azf::identity {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

const SystemTime kNow = *parse_rfc3339("2026-01-02T03:04:05Z");  // 1767323045

std::string with_token(std::string_view members) {
  return R"({"access_token":"token-1")" + std::string(members.empty() ? "" : ",") + std::string(members) + "}";
}

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("I-13, I-32: every shape of expiry that endpoints have had is read") {
    struct Row {
      std::string_view members;
      std::optional<int> life_seconds;
    };
    const Row rows[] = {
        {R"("expires_in":3599)", 3599},
        {R"("expires_in":"3599")", 3599},
        {R"("expires_in":3599.0)", 3599},
        {R"("expires_in":0)", 0},
        {R"("expires_in":-5)", {}},
        {R"("expires_in":1000000000000)", {}},
        {R"("expires_in":"soon")", {}},
        {R"("expires_in":null)", {}},
        {R"("expires_in":[1])", {}},
        {R"("ext_expires_in":3599)", {}},
        {"", {}},
        {R"("expires_on":1767326645)", 3600},
        {R"("expires_on":"1767326645")", 3600},
        {R"("expires_on":"2026-01-02T04:04:05Z")", 3600},
        {R"("expires_on":"2026-01-02T06:04:05.123+02:00")", 3600},
        {R"("expires_on":"2026-01-02 04:04:05")", 3600},
        {R"("expires_on":"Fri, 02 Jan 2026 04:04:05 GMT")", 3600},
        {R"("expires_on":"01/02/2026 04:04:05 +00:00")", 3600},
        {R"("expires_on":"1/2/2026 4:04:05 AM +00:00")", 3600},
        {R"("expires_on":"1/2/2026 6:04:05 AM +02:00")", 3600},
        {R"("expires_on":"86400")", 86400},
        {R"("expires_on":"")", {}},
        {R"("expires_on":"soon")", {}},
        {R"("expires_on":"9223372036854775807")", {}},
        {R"("expires_on":-1)", {}},
        {R"("expires_on":"12/31/9999 11:59:59 PM +00:00")", {}},
        {R"("expires_on":1767322045)", {}},
        // Both: the earlier counts, unless this machine's clock is ahead.
        {R"("expires_on":"1767326645","expires_in":"1800")", 1800},
        {R"("expires_on":"1767324845","expires_in":"3600")", 1800},
        {R"("expires_on":"1767322045","expires_in":"3600")", 3600},
        {R"("expires_on":"soon","expires_in":"3600")", 3600},
        {R"("expires_on":"1767326645","expires_in":"soon")", 3600},
    };
    for (const Row& row : rows) {
      CAPTURE(row.members);
      const auto reply = parse_token_reply(with_token(row.members), kNow);
      REQUIRE(reply.has_value() == row.life_seconds.has_value());
      if (reply) {
        CHECK(std::chrono::floor<seconds>(reply->expires_on - kNow).count() == *row.life_seconds);
        CHECK(reply->token.expose() == "token-1");
      } else {
        CHECK(reply.error().kind == ErrorKind::kUnexpectedResponse);
      }
    }
  }

  TEST_CASE("I-14, I-42: refresh time is refresh_in, else half of a long life, and never the expiry") {
    struct Row {
      std::string_view members;
      std::optional<seconds> refresh;
    };
    const Row rows[] = {
        {R"("expires_in":3600)", {}},
        {R"("expires_in":7199)", {}},
        {R"("expires_in":7200)", seconds(3600)},
        {R"("expires_in":"86400")", hours(12)},
        {R"("expires_in":3600,"refresh_in":1800)", seconds(1800)},
        {R"("expires_in":3600,"refresh_in":"1800")", seconds(1800)},
        {R"("expires_in":3600,"refresh_in":3600)", {}},
        {R"("expires_in":3600,"refresh_in":0)", {}},
        {R"("expires_in":3600,"refresh_in":-1)", {}},
        {R"("expires_in":3600,"refresh_in":"x")", {}},
        {R"("expires_in":86400,"refresh_in":100)", seconds(100)},
        {R"("expires_in":86400,"refresh_in":90000)", hours(12)},
    };
    for (const Row& row : rows) {
      CAPTURE(row.members);
      const auto reply = parse_token_reply(with_token(row.members), kNow);
      REQUIRE(reply);
      REQUIRE(reply->refresh_on.has_value() == row.refresh.has_value());
      if (row.refresh) CHECK(*reply->refresh_on == kNow + *row.refresh);
      CHECK(reply->expires_on > kNow + seconds(3599));
    }
  }

  TEST_CASE("I-18: a reply without a bearer token is refused without quoting it") {
    for (const std::string body :
         {"", "{}", "[]", "null", R"({"expires_in":3599})", R"({"access_token":"","expires_in":3599})",
          R"({"access_token":12345,"expires_in":3599})", "<html>marker</html>",
          R"({"access_token":"marker","expires_in":3599,"token_type":"pop"})",
          R"({"access_token":"marker","expires_in":3599,"token_type":7})",
          R"({"access_token":"marker","expires_in":"marker"})", R"({"access_token":"marker")"}) {
      CAPTURE(body);
      const auto reply = parse_token_reply(body, kNow);
      REQUIRE(!reply);
      CHECK(reply.error().kind == ErrorKind::kUnexpectedResponse);
      CHECK(reply.error().message.find("marker") == std::string::npos);
    }
    CHECK(parse_token_reply(with_token(R"("expires_in":1,"token_type":"bearer","id_token":"x")"), kNow));
  }

  TEST_CASE("I-15: a refusal of Entra gives its words, and its ids once") {
    const auto refusal = parse_token_refusal(
        R"({"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.",)"
        R"("error_codes":[7000215],"trace_id":"trace-5","correlation_id":"correlation-6"})");
    CHECK(refusal.text ==
          "invalid_client: AADSTS7000215: Invalid client secret provided.; trace_id=trace-5; "
          "correlation_id=correlation-6");
    CHECK(refusal.error_codes == std::vector<int>{7000215});
    CHECK(refusal.correlation_id == "correlation-6");

    const auto in_prose = parse_token_refusal(
        R"({"error":"x","error_description":"AADSTS90002: No.\r\nTrace ID: t1\r\nCorrelation ID: c1","trace_id":"t1",)"
        R"("correlation_id":"c1"})");
    CHECK(in_prose.text == "x: AADSTS90002: No. Trace ID: t1 Correlation ID: c1");
    CHECK(in_prose.error_codes == std::vector<int>{90002});
  }

  TEST_CASE("refusals of all endpoints are understood") {
    struct Row {
      std::string_view body;
      std::string_view text;
    };
    const Row rows[] = {
        {R"({"error":"invalid_request","error_description":"Identity not found"})",
         "invalid_request: Identity not found"},
        {R"({"statusCode":400,"message":"No User Assigned Identity"})", "No User Assigned Identity"},
        {R"({"error":{"code":"SecretHeaderNotFound","message":"No header","correlationId":"c"}})",
         "SecretHeaderNotFound: No header; correlation_id=c"},
        {R"({"error":5,"message":[]})", "no explanation"},
        {"{}", "no explanation"},
        {"", "no explanation (empty body)"},
        {"<html>marker</html>", "no explanation (19 bytes that are not a JSON object; a proxy may have answered)"},
        {"[1,2]", "no explanation (5 bytes that are not a JSON object; a proxy may have answered)"},
        {R"({"error_codes":["x",2.5,1002012],"error":"e"})", "e"},
    };
    for (const Row& row : rows) {
      CAPTURE(row.body);
      CHECK(parse_token_refusal(row.body).text == row.text);
    }
  }

  TEST_CASE("numbers that Entra cannot have sent are not taken for its own") {
    struct Row {
      std::string_view body;
      std::vector<int> codes;
    };
    const Row rows[] = {
        {R"({"error_codes":[-5,0,50076]})", {50076}},
        {R"({"error_codes":[4295017372,18446744073709551615,50076]})", {50076}},
        {R"({"error_description":"AADSTS-50076"})", {}},
        {R"({"error_description":"AADSTS0"})", {}},
    };
    for (const Row& row : rows) {
      CAPTURE(row.body);
      CHECK(parse_token_refusal(row.body).error_codes == row.codes);
    }
  }

  TEST_CASE("I-69: a long refusal is cut, and cannot draw on a terminal") {
    const auto refusal = parse_token_refusal(R"({"error_description":"\u001b[31m)" + std::string(100'000, 'x') + "\"}");
    CHECK(refusal.text.size() < 4200);
    CHECK(refusal.text.find('\x1b') == std::string::npos);
  }
}

}  // namespace azf::identity
