#include "identity/tool_output.h"

#include "core/time_text.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

namespace azf::identity {
namespace {

using namespace std::chrono_literals;

SystemTime at(std::string_view text) { return parse_rfc3339(text).value(); }

const SystemTime kNow = at("2026-01-02T03:04:05Z");

// A machine in UTC+9.
std::optional<SystemTime> tokyo_clock(SystemTime reading) { return reading - 9h; }

// The zone of this process; no other thread runs in these tests.
class TimeZone {
 public:
  explicit TimeZone(const char* zone) { set(zone); }
  TimeZone(const TimeZone&) = delete;
  TimeZone& operator=(const TimeZone&) = delete;
  ~TimeZone() { set(old_ ? old_->c_str() : nullptr); }

 private:
  static std::optional<std::string> current() {
    const char* zone = std::getenv("TZ");
    return zone == nullptr ? std::nullopt : std::optional<std::string>(zone);
  }
  static void set(const char* zone) {
    zone == nullptr ? ::unsetenv("TZ") : ::setenv("TZ", zone, 1);
    ::tzset();
  }
  std::optional<std::string> old_ = current();
};

// The time of expiry, or the message.
std::string outcome_of(const Result<TokenReply>& reply) {
  return reply ? std::string(reply->token.expose()) + " until " + to_rfc3339(reply->expires_on) : reply.error().message;
}

}  // namespace

TEST_SUITE("identity") {
  TEST_CASE("I-46: expires_on wins over expiresOn, which alone is read as local time") {
    const struct {
      std::string output;
      std::string expected;
    } rows[] = {
        {R"({"accessToken":"t","expires_on":1767326645,"expiresOn":"2026-01-02 23:00:00.000000"})",
         "t until 2026-01-02T04:04:05Z"},
        {R"({"accessToken":"t","expires_on":"1767326645"})", "t until 2026-01-02T04:04:05Z"},
        {R"({"accessToken":"t","expiresOn":"2026-01-02 13:04:05.123456","tokenType":"bearer"})",
         "t until 2026-01-02T04:04:05Z"},
        {R"({"accessToken":"t","expires_on":null,"expiresOn":"2026-01-02 13:04:05"})", "t until 2026-01-02T04:04:05Z"},
        {R"({"accessToken":"t","expires_on":"soon","expiresOn":"2026-01-02 13:04:05"})",
         "t until 2026-01-02T04:04:05Z"},
        {R"({"accessToken":"t","expiresOn":"2026-01-02T05:04:05+01:00"})", "t until 2026-01-02T04:04:05Z"},
        {"notice {\n{\"accessToken\":\"t\",\"expires_on\":1767326645}\nbye", "25 bytes"},
        {"\xef\xbb\xbf{\"accessToken\":\"t\",\"expires_on\":1767326645}\r\nA new version is available.\n",
         "t until 2026-01-02T04:04:05Z"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.output);
      const auto reply = parse_azure_cli_output(row.output, kNow, tokyo_clock);
      if (row.expected.starts_with("t ")) {
        CHECK(outcome_of(reply) == row.expected);
      } else {
        CHECK(!reply);
      }
    }
  }

  TEST_CASE("I-46: local time is read across the changes of summer time, the earlier of two instants") {
    const TimeZone zone("CET-1CEST,M3.5.0,M10.5.0/3");
    const struct {
      std::string local;
      std::string expected;
    } rows[] = {
        {"2026-01-15 12:00:00", "2026-01-15T11:00:00Z"}, {"2026-07-15 12:00:00", "2026-07-15T10:00:00Z"},
        {"2026-03-29 01:59:59", "2026-03-29T00:59:59Z"}, {"2026-03-29 03:00:00", "2026-03-29T01:00:00Z"},
        {"2026-10-25 01:59:59", "2026-10-24T23:59:59Z"}, {"2026-10-25 02:30:00", "2026-10-25T00:30:00Z"},
        {"2026-10-25 03:00:00", "2026-10-25T02:00:00Z"}, {"2026-12-31 23:59:59", "2026-12-31T22:59:59Z"},
    };
    for (int round = 0; round < 2; ++round) {  // whatever was asked before
      for (const auto& row : rows) {
        CAPTURE(row.local);
        const auto instant = instant_of_local_clock(at(row.local));
        REQUIRE(instant);
        CHECK(to_rfc3339(*instant) == row.expected);
      }
    }
  }

  TEST_CASE("output of the Azure CLI that is no usable token is refused without quoting it") {
    const std::string secret = "eyJtoken-marker";
    const struct {
      std::string output;
      std::string message;
    } rows[] = {
        {"", "0 bytes without a JSON object"},
        {"this is not json " + secret, "32 bytes without a JSON object"},
        {"[\"" + secret + "\"]", "19 bytes without a JSON object"},
        {"} " + secret + " {", "19 bytes without a JSON object"},
        {R"({"expires_on":1767326645})", "a JSON object without accessToken"},
        {R"({"accessToken":"","expires_on":1767326645})", "a JSON object without accessToken"},
        {R"({"accessToken":7,"expires_on":1767326645})", "a JSON object without accessToken"},
        {R"({"accessToken":"eyJtoken-marker\r\nX: y","expires_on":1767326645})",
         "a token with characters that have no place in one"},
        {R"({"accessToken":"eyJtoken-marker","tokenType":"Bearer"})", "a token without a readable time of expiry"},
        {R"({"accessToken":"eyJtoken-marker","expires_on":99999999999999})",
         "a token without a readable time of expiry"},
        {R"({"accessToken":"eyJtoken-marker","expires_on":-5})", "a token without a readable time of expiry"},
        {R"({"accessToken":"eyJtoken-marker","expiresOn":"tomorrow"})", "a token without a readable time of expiry"},
        {R"({"accessToken":"eyJtoken-marker","tokenType":"pop","expires_on":1767326645})",
         "a token that is not of the type Bearer"},
        {R"({"accessToken":"eyJtoken-marker","expires_on":1767323045})",
         "a token that ended at 2026-01-02T03:04:05Z, in the past by this machine's clock; check the clock"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.output);
      const auto reply = parse_azure_cli_output(row.output, kNow, tokyo_clock);
      REQUIRE(!reply);
      CHECK(reply.error() == Error{ErrorKind::kUnexpectedResponse, row.message});
    }
  }

  TEST_CASE("a token that lives two hours or more is due for refresh at half of its life") {
    const auto short_one = parse_azure_cli_output(R"({"accessToken":"t","expires_on":1767330244})", kNow, tokyo_clock);
    REQUIRE(short_one);
    CHECK_FALSE(short_one->refresh_on.has_value());
    const auto long_one = parse_azure_cli_output(R"({"accessToken":"t","expires_on":1767330245})", kNow, tokyo_clock);
    REQUIRE(long_one);
    CHECK(long_one->refresh_on == kNow + 1h);
  }

  TEST_CASE("output of the Azure Developer CLI and of the PowerShell script is read in its own shape") {
    CHECK(outcome_of(parse_azure_developer_cli_output(R"({"token":"t","expiresOn":"2026-01-02T04:04:05Z"})", kNow)) ==
          "t until 2026-01-02T04:04:05Z");
    CHECK(outcome_of(parse_azure_developer_cli_output(R"({"accessToken":"t","expiresOn":"2026-01-02T04:04:05Z"})",
                                                      kNow)) == "a JSON object without token");
    CHECK(outcome_of(parse_azure_developer_cli_output(R"({"token":"t","expiresOn":1767326645})", kNow)) ==
          "a token without a readable time of expiry");
    for (const std::string expiry : {"1767326645", "\"1767326645\"", "\"2026-01-02T06:04:05+02:00\""}) {
      CAPTURE(expiry);
      const std::string output = "WARNING: something\n{\"ExpiresOn\":" + expiry + ",\"Token\":\"t\"}\n";
      CHECK(outcome_of(parse_azure_powershell_output(output, kNow)) == "t until 2026-01-02T04:04:05Z");
    }
    CHECK(outcome_of(parse_azure_powershell_output("no token here\n", kNow)) == "14 bytes without a JSON object");
  }

  TEST_CASE("I-50: messages of the Azure Developer CLI are taken out of its JSON lines") {
    const struct {
      std::string output;
      std::string expected;
    } rows[] = {
        {R"({"type":"consoleMessage","timestamp":"2026-01-02T03:04:05Z","data":{"message":"\nERROR: not logged in\n"}})",
         "ERROR: not logged in"},
        {"{\"type\":\"consoleMessage\",\"data\":{\"message\":\"one\"}}\r\nnoise\n"
         "{\"type\":\"consoleMessage\",\"data\":{\"message\":\"two\"}}\n",
         "one two"},
        {R"({"error":"fetching token: failed"})", "fetching token: failed"},
        {R"({"error":{"code":"x","message":"fetching token"}})", "fetching token"},
        {R"({"token":"secret","expiresOn":"2026-01-02T04:04:05Z"})", ""},
        {R"({"data":"secret"})", ""},
        {R"({"error":17})", ""},
        {"ERROR: plain text", ""},
        {"", ""},
    };
    for (const auto& row : rows) {
      CAPTURE(row.output);
      CHECK(azure_developer_cli_message(row.output) == row.expected);
    }
  }

  TEST_CASE("a broken terminal escape takes no part of a character with it") {
    CHECK(redacted_tool_text("a\x1b\xc3\xa9z") == "a\xc3\xa9z");
    CHECK(redacted_tool_text("a\x1b[1\xc3\xa9z") == "a\xc3\xa9z");
    CHECK(redacted_tool_text("a\x1b[1mz\x1b") == "az");
  }

  TEST_CASE("tokens, terminal escapes and control characters are taken out of a tool's words") {
    const std::string jwt = "eyJ0eXAiOiJKV1QifQ.eyJhdWQiOiJ4In0.c2lnbmF0dXJl";
    const struct {
      std::string text;
      std::string expected;
    } rows[] = {
        {"ERROR: AADSTS50020: User 'user@contoso.example' does not exist.\r\nTrace ID: 5\n",
         "ERROR: AADSTS50020: User 'user@contoso.example' does not exist. Trace ID: 5"},
        {"got " + jwt + ", sorry", "got REDACTED, sorry"},
        {"header=" + jwt, "REDACTED"},
        {R"({"accessToken": "token-1", "expiresOn": "x"})", R"({"accessToken": "REDACTED", "expiresOn": "x"})"},
        {R"({"token":"token-1","a":1})", R"({"token":"REDACTED","a":1})"},
        {R"({\"access_token\":\"token-1\",\"a\":1})", R"({\"access_token\":\"REDACTED\",\"a\":1})"},
        {"{'refreshToken': 'token-1 with blank'}", "{'refreshToken': 'REDACTED'}"},
        {"access_token=token-1&x=y z", "access_token=REDACTED z"},
        {"client_secret: token-1; next", "client_secret: REDACTED; next"},
        {"Failed to get token: AADSTS50076: log in", "Failed to get token: AADSTS50076: log in"},
        {"the accessToken is missing", "the accessToken is missing"},
        {"opaque " + std::string(81, 'x') + " word", "opaque REDACTED word"},
        {"\x1b[31;1mERROR\x1b[0m: red\x1b]0;title\a text\x07", "ERROR: red text\\u0007"},
        {"unfinished \x1b[3", "unfinished"},
        {"\x1b", ""},
        {"accessToken:", "accessToken:REDACTED"},
        {"accessToken: \"open", "accessToken: \"REDACTED"},
        {R"(password: "accessToken": "token-1", "a": 1)", R"(password: "REDACTED": "REDACTED", "a": 1)"},
    };
    for (const auto& row : rows) {
      CAPTURE(row.text);
      CHECK(redacted_tool_text(row.text) == row.expected);
    }
    std::string lines;
    for (int i = 0; i < 1000; ++i) lines.append("a line of noise\n");
    const std::string cut = redacted_tool_text(lines);
    CHECK(cut.size() <= 4096 + 3);
    CHECK(cut.ends_with("..."));
  }

  TEST_CASE("Entra's numbers are found in any text, each once") {
    CHECK(aadsts_numbers("AADSTS50020: x AADSTS700082, AADSTS50020 AADSTS AADSTSx AADSTS99999999999999").size() == 2);
    CHECK(aadsts_numbers("ERROR: AADSTS50020: x AADSTS700082") == std::vector{50020, 700082});
    CHECK(aadsts_numbers("").empty());
  }
}

}  // namespace azf::identity
